import CronLockRedis
import NIOCore
import NIOPosix
import Synchronization

/// A server that greets like Redis and then answers as a test says.
final class FakeRedis: Sendable {
    enum Answer: Sendable {
        case text(String)
        case silence
        case hangUp
        /// One byte every 10 ms, for ever.
        case drip
        /// 32 MiB without an end.
        case flood(UInt8)
    }

    private struct State {
        var commands: [[String]] = []
    }

    private let answer: @Sendable ([String]) -> Answer
    private let state = Mutex(State())
    private let (stream, continuation) = AsyncStream<[String]>.makeStream()

    private init(answer: @escaping @Sendable ([String]) -> Answer) {
        self.answer = answer
    }

    /// - Parameter answer: to each command but `PING` (the greeting's), which gets its `PONG` once per connection.
    static func run(
        _ answer: @escaping @Sendable ([String]) -> Answer, test: (RunningFake) async throws -> Void
    ) async throws {
        let fake = FakeRedis(answer: answer)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Session(fake: fake))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let running = RunningFake(fake: fake, port: channel.localAddress?.port ?? 0)
        do { try await test(running) } catch {
            try await channel.close().get()
            throw error
        }
        try await channel.close().get()
    }

    fileprivate func note(_ words: [String]) {
        state.withLock { $0.commands.append(words) }
        continuation.yield(words)
    }

    /// Reads one command at a time, as tests send them.
    private final class Session: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let fake: FakeRedis
        private var isGreeted = false
        private var text = ""

        init(fake: FakeRedis) {
            self.fake = fake
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            // *2, $4, PING, $1, x: every second line from the third on is a word.
            let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
            guard let count = lines.first.flatMap({ Int($0.dropFirst()) }), lines.count > 1 + 2 * count else { return }
            text = ""
            let words = lines.dropFirst(2).enumerated().filter { $0.offset.isMultiple(of: 2) }.map {
                String($0.element)
            }
            fake.note(words)
            if words == ["PING"], !isGreeted {
                isGreeted = true
                return write("+PONG\r\n", context)
            }
            switch fake.answer(words) {
            case .text(let text): write(text, context)
            case .silence: break
            case .hangUp: context.close(promise: nil)
            case .drip:
                let channel = context.channel
                channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { task in
                    if channel.isActive {
                        channel.writeAndFlush(ByteBuffer(string: "+"), promise: nil)
                    } else {
                        task.cancel()
                    }
                }
            case .flood(let byte):
                let piece = ByteBuffer(repeating: byte, count: 1_048_576)
                for _ in 0..<32 { context.writeAndFlush(wrapOutboundOut(piece), promise: nil) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func write(_ text: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }

    fileprivate var commands: [[String]] { state.withLock { $0.commands } }
    fileprivate var arrivals: AsyncStream<[String]> { stream }
}

struct RunningFake: Sendable {
    fileprivate let fake: FakeRedis
    let port: Int

    var address: RedisAddress { get throws { try RedisAddress("redis://127.0.0.1:\(port)") } }

    func count(_ command: String) -> Int { fake.commands.count { $0.first == command } }

    /// Waits for the next command of a name; for one test's task at a time.
    func next(_ command: String) async -> [String]? {
        for await words in fake.arrivals where words.first == command { return words }
        return nil
    }
}
