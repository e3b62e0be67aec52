import CronLockRedis
import CronSchedule
import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy whose answers take as long as a test says.
final class SlowProxy: Sendable {
    private let delay = Mutex(Span.zero)
    private let listener = Mutex<(any Channel)?>(nil)

    static func run(to server: Int, test: (SlowProxy) async throws -> Void) async throws {
        let proxy = SlowProxy()
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            // The client's bytes wait in the socket until the way on is open.
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { proxy.join($0, to: server) }
            .bind(host: "127.0.0.1", port: 0).get()
        proxy.listener.withLock { $0 = listener }
        do { try await test(proxy) } catch {
            try await listener.close().get()
            throw error
        }
        try await listener.close().get()
    }

    func set(delay: Span) { self.delay.withLock { $0 = delay } }

    var address: RedisAddress {
        get throws { try RedisAddress("redis://127.0.0.1:\(listener.withLock { $0?.localAddress?.port } ?? 0)") }
    }

    private func join(_ client: any Channel, to port: Int) -> EventLoopFuture<Void> {
        ClientBootstrap(group: client.eventLoop)
            .channelInitializer { server in
                server.eventLoop.makeCompletedFuture {
                    let forward = Forward(to: client) { [self] in
                        .microseconds(delay.withLock { $0.microseconds })
                    }
                    try server.pipeline.syncOperations.addHandler(forward)
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .flatMapThrowing { server in
                try client.pipeline.syncOperations.addHandler(Forward(to: server) { .zero })
            }
            .flatMap { client.setOption(.autoRead, value: true) }
    }

    /// Hands what it reads to the other side, later.
    private final class Forward: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let peer: any Channel
        private let delay: @Sendable () -> TimeAmount

        init(to peer: any Channel, delay: @escaping @Sendable () -> TimeAmount) {
            self.peer = peer
            self.delay = delay
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            context.eventLoop.scheduleTask(in: delay()) { [peer] in peer.writeAndFlush(bytes, promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) { peer.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
