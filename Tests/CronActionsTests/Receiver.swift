import NIOCore
import NIOPosix
import Synchronization

/// A receiver on loopback that speaks just enough HTTP/1.1 to see the exact bytes of a request and to answer wrongly.
final class Receiver: Sendable {
    struct Request: Sendable {
        let bytes: [UInt8]
        let line: String
        let headers: [(name: String, value: String)]
        let body: [UInt8]
        /// Numbered from 1, by connection and on its connection.
        let connection: Int
        let position: Int

        subscript(name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    typealias Answer = @Sendable (Request, any Channel) -> Void

    fileprivate struct Log {
        var port = 0
        var accepted = 0
        var bytes = 0
        var requests: [Request] = []
    }

    fileprivate let log = Mutex(Log())
    let arrivals: AsyncStream<Request>
    fileprivate let arrival: AsyncStream<Request>.Continuation
    let closings: AsyncStream<Int>
    fileprivate let closing: AsyncStream<Int>.Continuation
    let dials: AsyncStream<Int>
    fileprivate let dial: AsyncStream<Int>.Continuation
    private let server = Mutex<(any Channel)?>(nil)
    private let connections = Mutex<[any Channel]>([])

    var accepted: Int { log.withLock { $0.accepted } }
    var bytes: Int { log.withLock { $0.bytes } }
    var requests: [Request] { log.withLock { $0.requests } }
    var port: Int { log.withLock { $0.port } }
    var url: String { "http://127.0.0.1:\(port)/hook" }

    private init() {
        (arrivals, arrival) = AsyncStream.makeStream()
        (closings, closing) = AsyncStream.makeStream()
        (dials, dial) = AsyncStream.makeStream()
    }

    /// Speaks first, as mail servers do.
    static func startGreeting(_ greeting: String) async throws -> Receiver {
        try await start({ _, _ in }, greeting: greeting)
    }

    /// `port` 0 is a free one.
    static func start(
        _ answer: @escaping Answer, host: String = "127.0.0.1", port: Int = 0, greeting: String? = nil
    ) async throws -> Receiver {
        let receiver = Receiver()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = receiver.log.withLock {
                        $0.accepted += 1
                        return $0.accepted
                    }
                    receiver.connections.withLock { $0.append(channel) }
                    receiver.dial.yield(number)
                    try channel.pipeline.syncOperations.addHandler(
                        ReceiverHandler(receiver: receiver, connection: number, answer: answer, greeting: greeting))
                }
            }
            .bind(host: host, port: port).get()
        receiver.server.withLock { $0 = channel }
        receiver.log.withLock { $0.port = channel.localAddress?.port ?? 0 }
        return receiver
    }

    /// Also closes the connections, so that no dial waits for them.
    func stop() async throws {
        try await server.withLock { $0.take() }?.close()
        for channel in connections.withLock({ $0 }) { channel.close(promise: nil) }
    }

    static func ok(_ body: String = "ok", status: String = "200 OK", headers: String = "") -> Answer {
        { _, channel in channel.send(response(body, status: status, headers: headers)) }
    }

    static func response(_ body: String = "ok", status: String = "200 OK", headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }
}

extension Channel {
    func send(_ text: String) {
        writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    func sendThenClose(_ text: String) {
        writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in self.close(promise: nil) }
    }
}

private final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let receiver: Receiver
    let connection: Int
    let answer: Receiver.Answer
    let greeting: String?
    var pending: [UInt8] = []
    var count = 0

    init(receiver: Receiver, connection: Int, answer: @escaping Receiver.Answer, greeting: String?) {
        self.receiver = receiver
        self.connection = connection
        self.answer = answer
        self.greeting = greeting
    }

    func channelActive(context: ChannelHandlerContext) {
        if let greeting { context.channel.send(greeting) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        receiver.log.withLock { $0.bytes += buffer.readableBytes }
        pending += buffer.readableBytesView
        while let request = takeRequest() {
            receiver.log.withLock { $0.requests.append(request) }
            receiver.arrival.yield(request)
            answer(request, context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        receiver.closing.yield(connection)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func takeRequest() -> Receiver.Request? {
        guard let end = pending.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: pending[..<end.lowerBound], as: UTF8.self)
        var lines = head.split(separator: "\r\n").map(String.init)
        let line = lines.removeFirst()
        let headers = lines.map { text -> (name: String, value: String) in
            let parts = text.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        guard pending.count >= end.upperBound + length else { return nil }
        count += 1
        let request = Receiver.Request(
            bytes: Array(pending[..<(end.upperBound + length)]), line: line, headers: headers,
            body: Array(pending[end.upperBound..<(end.upperBound + length)]), connection: connection, position: count)
        pending.removeFirst(end.upperBound + length)
        return request
    }
}
