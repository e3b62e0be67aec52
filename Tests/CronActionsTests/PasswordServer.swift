import NIOCore
import NIOPosix

/// Asks whoever comes for a password as PostgreSQL does, in the clear, keeps it and hangs up.
struct PasswordServer {
    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }
    let passwords: AsyncStream<String>

    static func start() async throws -> PasswordServer {
        let (passwords, password) = AsyncStream.makeStream(of: String.self)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(password: password))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return PasswordServer(channel: channel, passwords: passwords)
    }

    func stop() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let password: AsyncStream<String>.Continuation
        private var hasAsked = false

        init(password: AsyncStream<String>.Continuation) { self.password = password }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var message = unwrapInboundIn(data)
            guard hasAsked else {
                hasAsked = true
                var question = context.channel.allocator.buffer(capacity: 9)
                question.writeBytes(Array("R".utf8))
                question.writeInteger(Int32(8))
                question.writeInteger(Int32(3))
                context.writeAndFlush(wrapOutboundOut(question), promise: nil)
                return
            }
            // `p`, its length, and the password with a zero byte behind it.
            if message.readInteger(as: UInt8.self) == UInt8(ascii: "p"), let length = message.readInteger(as: Int32.self) {
                password.yield(message.readString(length: Int(length) - 5) ?? "")
            }
            context.close(promise: nil)
        }
    }
}
