import NIOCore
import NIOPosix
import Synchronization

/// Speaks as much of PostgreSQL's protocol as a client needs to believe in it, and then does it harm.
struct HostileDatabase {
    enum Harm: Sendable {
        /// Takes connections and says nothing.
        case silence
        /// Lets whoever comes in, and tells of a parameter for ever.
        case parameters
        /// Asks for the password for ever, and reads none of them.
        case questions
        /// Answers BEGIN with rows for ever.
        case rowsForBegin
        /// Answers a statement with a row each 20 ms.
        case slowRows
        /// Between rows tells of ever more parameters.
        case parametersBetweenRows
        /// Begins a COPY where a pipeline is to end.
        case copyForSync
        /// Begins a COPY in answer to a script.
        case copyForScript
    }

    private let channel: any Channel
    private let poured: Poured
    let connections: AsyncStream<Void>

    var port: Int { channel.localAddress?.port ?? 0 }
    /// What clients have taken, and kernels.
    var bytes: Int { poured.bytes }

    static func start(_ harm: Harm) async throws -> HostileDatabase {
        let poured = Poured()
        let (connections, connection) = AsyncStream.makeStream(of: Void.self)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Session(harm, poured))
                    connection.yield()
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return HostileDatabase(channel: channel, poured: poured, connections: connections)
    }

    func stop() async throws { try await channel.close() }

    final class Poured: Sendable {
        private let count = Mutex(0)
        var bytes: Int { count.withLock { $0 } }
        func add(_ bytes: Int) { count.withLock { $0 += bytes } }
    }
}

private final class Session: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let harm: HostileDatabase.Harm
    private let poured: HostileDatabase.Poured
    private var unread = ByteBuffer()
    private var hasBegun = false
    private var isPouring = false
    /// Of the pipeline.
    private var statements = 0
    private var lastParameter = 0

    init(_ harm: HostileDatabase.Harm, _ poured: HostileDatabase.Poured) {
        self.harm = harm
        self.poured = poured
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard harm != .silence, !isPouring else { return }
        unread.writeBuffer(&bytes)
        if !hasBegun {
            guard let length: Int32 = unread.getInteger(at: unread.readerIndex), unread.readableBytes >= length else { return }
            unread.moveReaderIndex(forwardBy: Int(length))
            hasBegun = true
            greet(context)
        }
        // Each pipeline, and each script, is answered at its end.
        while let kind = nextMessage() {
            if kind == "P" { statements += 1 }
            guard kind == "S" || kind == "Q" else { continue }
            answer(context, isScript: kind == "Q")
            statements = 0
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func nextMessage() -> Character? {
        guard let kind: UInt8 = unread.getInteger(at: unread.readerIndex),
            let length: Int32 = unread.getInteger(at: unread.readerIndex + 1), unread.readableBytes > Int(length)
        else { return nil }
        unread.moveReaderIndex(forwardBy: Int(length) + 1)
        return Character(Unicode.Scalar(kind))
    }

    private func greet(_ context: ChannelHandlerContext) {
        let welcome = Self.message("R", [0, 0, 0, 0])
        switch harm {
        case .silence: break
        case .questions:
            context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
            let questions = Self.many { Self.message("R", [0, 0, 0, 3]) }
            pour(context) { questions }
        case .parameters:
            send(context, welcome)
            let parameters = Self.many { Self.message("S", Array("a\0b\0".utf8)) }
            pour(context) { parameters }
        case .rowsForBegin, .slowRows, .parametersBetweenRows, .copyForSync, .copyForScript:
            send(context, welcome + Self.ready("I"))
        }
    }

    private func answer(_ context: ChannelHandlerContext, isScript: Bool) {
        let bound = Self.message("1", []) + Self.message("2", [])
        if harm == .rowsForBegin {
            send(context, bound + Self.columns)
            let rows = Self.many { Self.row }
            return pour(context) { rows }
        }
        if isScript { return send(context, Self.copy) }
        guard statements == 1 else {
            // BEGIN, and the session's settings.
            let begun = bound + Self.message("n", []) + Self.message("C", Array("BEGIN\0".utf8))
            let set = bound + Self.columns + Self.row + Self.message("C", Array("SELECT 1\0".utf8))
            return send(context, begun + set + (harm == .copyForSync ? Self.copy : Self.ready("T")))
        }
        send(context, bound + Self.columns)
        guard harm == .slowRows else { return pour(context) { Self.many { self.parameter() + Self.row } } }
        let channel = context.channel
        channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20)) { task in
            guard channel.isActive else { return task.cancel() }
            channel.writeAndFlush(ByteBuffer(bytes: Self.row), promise: nil)
        }
    }

    private func send(_ context: ChannelHandlerContext, _ bytes: [UInt8]) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    /// Again and again, as fast as they are taken.
    private func pour(_ context: ChannelHandlerContext, _ messages: @escaping () -> ByteBuffer) {
        isPouring = true
        let bytes = messages()
        let count = bytes.readableBytes
        context.writeAndFlush(wrapOutboundOut(bytes)).assumeIsolated().whenSuccess {
            self.poured.add(count)
            context.eventLoop.assumeIsolated().execute { self.pour(context, messages) }
        }
    }

    private static func many(_ message: () -> [UInt8]) -> ByteBuffer {
        var bytes = ByteBuffer()
        while bytes.readableBytes < 65_536 { bytes.writeBytes(message()) }
        return bytes
    }

    private func parameter() -> [UInt8] {
        lastParameter += 1
        return Self.message("S", Array("\(lastParameter)\0\(String(repeating: "x", count: 1_000))\0".utf8))
    }

    // MARK: Messages

    private static func message(_ kind: Character, _ body: [UInt8]) -> [UInt8] {
        [kind.asciiValue ?? 0] + bytes(Int32(body.count + 4)) + body
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func ready(_ state: Character) -> [UInt8] { message("Z", [state.asciiValue ?? 0]) }

    /// One, of type text.
    private static let columns = message(
        "T",
        bytes(Int16(1)) + Array("a\0".utf8) + bytes(Int32(0)) + bytes(Int16(0)) + bytes(Int32(25)) + bytes(Int16(-1))
            + bytes(Int32(-1)) + bytes(Int16(0)))

    private static let row = message("D", bytes(Int16(1)) + bytes(Int32(1)) + Array("x".utf8))
    private static let copy = message("H", [0, 0, 0])
}
