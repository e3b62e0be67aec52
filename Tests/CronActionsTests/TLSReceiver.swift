import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// A receiver behind TLS, with HTTP/2 or HTTP/1.1 as it offers.
final class TLSReceiver: Sendable {
    let accepted = Mutex(0)
    let heads = Mutex<[HTTPRequestHead]>([])
    /// Of each request: its connection, and what the client proved there.
    let clients = Mutex<[(connection: ObjectIdentifier, certificate: NIOSSLCertificate?)]>([])
    /// Bytes of `pours` that have left.
    let poured = Mutex(0)
    let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation
    private let channel = Mutex<(any Channel)?>(nil)
    private let answers: Bool
    private let closes: Bool
    /// Written again and again instead of an answer's end.
    private let pours: ByteBuffer?
    fileprivate let isHTTP2: Bool

    var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }

    private init(answers: Bool, closes: Bool, pours: ByteBuffer?, isHTTP2: Bool) {
        self.pours = pours
        self.isHTTP2 = isHTTP2
        self.answers = answers
        self.closes = closes
        (arrivals, arrival) = AsyncStream.makeStream()
    }

    /// `accepting` sees each new connection and its number, from 1.
    static func start(
        offering protocols: [String], answers: Bool = true, closes: Bool = false, pours: ByteBuffer? = nil,
        host: String = "127.0.0.1",
        accepting: @escaping @Sendable (any Channel, Int) throws -> Void = { _, _ in },
        configure: (inout TLSConfiguration) throws -> Void = { _ in }
    ) async throws -> TLSReceiver {
        let receiver = TLSReceiver(answers: answers, closes: closes, pours: pours, isHTTP2: protocols.contains("h2"))
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(try certificate())],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(keyText.utf8), format: .pem)))
        configuration.applicationProtocols = protocols
        try configure(&configuration)
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                let number = receiver.accepted.withLock {
                    $0 += 1
                    return $0
                }
                return channel.eventLoop.makeCompletedFuture {
                    try accepting(channel, number)
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }.flatMap {
                    receiver.isHTTP2 ? receiver.serveHTTP2(channel) : receiver.serveHTTP1(channel)
                }
            }
            .bind(host: host, port: 0).get()
        receiver.channel.withLock { $0 = channel }
        return receiver
    }

    func stop() async throws { try await channel.withLock { $0 }?.close() }

    static func certificate() throws -> NIOSSLCertificate {
        try NIOSSLCertificate(bytes: Array(certificateText.utf8), format: .pem)
    }

    private func serveHTTP1(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
            try channel.pipeline.syncOperations.addHandler(TLSAnswer(receiver: self))
        }
    }

    private func serveHTTP2(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.configureHTTP2Pipeline(mode: .server) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
                try stream.pipeline.syncOperations.addHandler(TLSAnswer(receiver: self))
            }
        }.map { _ in }
    }

    private final class TLSAnswer: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        let receiver: TLSReceiver

        init(receiver: TLSReceiver) { self.receiver = receiver }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                receiver.heads.withLock { $0.append(head) }
                let connection = receiver.isHTTP2 ? context.channel.parent ?? context.channel : context.channel
                let tls = try? connection.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
                receiver.clients.withLock { $0.append((ObjectIdentifier(connection), tls?.peerCertificate)) }
            case .body: break
            case .end:
                receiver.arrival.yield()
                guard receiver.answers else { return }
                if let piece = receiver.pours {
                    context.write(
                        wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok))), promise: nil)
                    return pour(piece, into: context.channel)
                }
                var head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "2"])
                if receiver.closes { head.headers.add(name: "connection", value: "close") }
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "ok")))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        private func pour(_ piece: ByteBuffer, into channel: any Channel) {
            channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(piece))).assumeIsolated().whenSuccess {
                self.receiver.poured.withLock { $0 += piece.readableBytes }
                channel.eventLoop.assumeIsolated().execute { self.pour(piece, into: channel) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// Self-signed for localhost and 127.0.0.1, for tests only, valid until 2126.
private let keyText = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnUIY+3HAzWaliX8v
    A/MsQnyPb+pYavVaPaKx7fq30+2hRANCAATNgxFm3yvJk66U5v9mhlM5fOGpRWI5
    rvEX4m44Sj5E0Usmfs7fRCHxTgwDJrgf17sSqugM8U+l0c6he39OlRfR
    -----END PRIVATE KEY-----
    """
private let certificateText = """
    -----BEGIN CERTIFICATE-----
    MIIBmzCCAUGgAwIBAgIUE9zTR2YNfizBRyFiIwvUcCq2ShswCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDEwNDc0NloYDzIxMjYxMDMx
    MTA0NzQ2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAATNgxFm3yvJk66U5v9mhlM5fOGpRWI5rvEX4m44Sj5E0Usmfs7fRCHx
    TgwDJrgf17sSqugM8U+l0c6he39OlRfRo28wbTAdBgNVHQ4EFgQULHuK/dGkOERn
    MoYh4aOOFLXF57IwHwYDVR0jBBgwFoAULHuK/dGkOERnMoYh4aOOFLXF57IwDwYD
    VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
    zj0EAwIDSAAwRQIgPOTkILMZqfFOhsrFz3gO5c33UYDUMt/usLKaTFMOiCwCIQDs
    Ypf3BkIGHMQ2r81ogcdgvpMr9JT461tgkddWs2ivuA==
    -----END CERTIFICATE-----
    """
