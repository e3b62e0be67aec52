#if canImport(Glibc)
    import CronModel
    import Glibc
    import NIOCore
    import NIOPosix
    import Synchronization

    @testable import CronActions

    /// A name server on loopback whose answer may change with every question, and says that it is to be kept for no time.
    final class DNSServer: Sendable {
        private let count = Mutex(0)
        private let channel = Mutex<(any Channel)?>(nil)
        private let answer: @Sendable (Int) -> UInt32

        /// Questions for an IPv4 address so far. Those for an IPv6 address are answered with none.
        var questions: Int { count.withLock { $0 } }
        var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }

        private init(answer: @escaping @Sendable (Int) -> UInt32) { self.answer = answer }

        /// `answer` gives the address for a question by its number, from 1.
        static func start(_ answer: @escaping @Sendable (Int) -> UInt32) async throws -> DNSServer {
            let server = DNSServer(answer: answer)
            let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Answers(server: server))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            server.channel.withLock { $0 = channel }
            return server
        }

        func stop() async throws { try await channel.withLock { $0 }?.close() }

        /// Asks the system's resolver, after this thread's was told to ask this server: it keeps the servers of
        /// `/etc/resolv.conf` in a state of each thread (resolver(3)), which Swift does not see by name.
        func resolve(_ name: String) -> [IPAddress] {
            typealias State = @convention(c) () -> UnsafeMutableRawPointer
            typealias Begin = @convention(c) (UnsafeMutableRawPointer) -> Int32
            guard let program = dlopen(nil, RTLD_NOW), let state = dlsym(program, "__res_state"),
                let begin = dlsym(program, "__res_ninit")
            else { return [] }
            let resolver = unsafeBitCast(state, to: State.self)()
            let options = resolver.load(fromByteOffset: 8, as: UInt.self)
            // RES_INIT
            if options & 1 == 0 { _ = unsafeBitCast(begin, to: Begin.self)(resolver) }
            // One server: its sockaddr_in is the family, the port and the address, the last two in network order.
            resolver.storeBytes(of: 1, toByteOffset: 16, as: Int32.self)
            resolver.storeBytes(of: UInt16(AF_INET), toByteOffset: 20, as: UInt16.self)
            resolver.storeBytes(of: UInt16(port).bigEndian, toByteOffset: 22, as: UInt16.self)
            resolver.storeBytes(of: UInt32(0x7F00_0001).bigEndian, toByteOffset: 24, as: UInt32.self)
            return NameResolver.addresses(of: name)
        }

        private final class Answers: ChannelInboundHandler {
            typealias InboundIn = AddressedEnvelope<ByteBuffer>
            typealias OutboundOut = AddressedEnvelope<ByteBuffer>

            let server: DNSServer

            init(server: DNSServer) { self.server = server }

            /// RFC 1035 §4: the question comes back, with one answer behind it when an IPv4 address was asked for.
            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                let envelope = unwrapInboundIn(data)
                let query = Array(envelope.data.readableBytesView)
                guard query.count > 16, let end = query[12...].firstIndex(of: 0), query.count >= end + 5 else { return }
                let isIPv4 = query[end + 2] == 1
                var reply = ByteBuffer(bytes: query[0..<2])
                reply.writeBytes([0x81, 0x80, 0, 1, 0, isIPv4 ? 1 : 0, 0, 0, 0, 0])
                reply.writeBytes(query[12..<(end + 5)])
                if isIPv4 {
                    let number = server.count.withLock {
                        $0 += 1
                        return $0
                    }
                    // The name again, A, IN, no seconds, four bytes.
                    reply.writeBytes([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4])
                    reply.writeInteger(server.answer(number))
                }
                let answer = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: reply)
                context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            }
        }
    }
#endif
