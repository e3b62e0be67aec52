import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A receiver on loopback that keeps the bytes of every request and answers as told.
final class Receiver: Sendable {
    /// What to do with the n-th request (from 0).
    enum Answer: Sendable {
        case raw(String)
        /// Closes without an answer.
        case close
        /// Never answers.
        case hang
        /// Sends the head, then this many bytes, in chunks as the peer takes them.
        case stream(bytes: Int)
    }

    private struct State {
        var requests: [String] = []
        var connections = 0
        var inFlight = 0
        var mostInFlight = 0
        var pouredBytes = 0
        /// Held back until `release` while collecting a crowd.
        var waiting: [any Channel] = []
    }

    private let state = Mutex(State())
    private let channel: any Channel
    private let answer: @Sendable (Int) -> Answer
    private let crowd: Int

    var port: Int { channel.localAddress?.port ?? 0 }
    var requests: [String] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }
    /// Bytes of streams that the peer's kernel has taken.
    var pouredBytes: Int { state.withLock { $0.pouredBytes } }
    var mostInFlight: Int { state.withLock { $0.mostInFlight } }

    /// - Parameter crowd: answers are held back until this many requests wait together.
    init(crowd: Int = 1, answer: @escaping @Sendable (Int) -> Answer = { _ in .raw(Receiver.ok) }) async throws {
        self.answer = answer
        self.crowd = crowd
        let box = Box()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 2_048)
            .childChannelInitializer { channel in
                box.receiver?.connected()
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RequestHandler(box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        box.receiver = self
    }

    func stop() async { try? await channel.close() }

    static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    static func status(_ line: String, headers: String = "", body: String = "") -> String {
        "HTTP/1.1 \(line)\r\n\(headers)content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    fileprivate func connected() { state.withLock { $0.connections += 1 } }

    fileprivate func received(_ request: String, on channel: any Channel) {
        let (number, ready) = state.withLock { state in
            state.requests.append(request)
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
            state.waiting.append(channel)
            guard state.waiting.count >= crowd else { return (state.requests.count - 1, [any Channel]()) }
            defer { state.waiting = [] }
            return (state.requests.count - 1, state.waiting)
        }
        for channel in ready { send(answer(number), to: channel) }
    }

    private func send(_ answer: Answer, to channel: any Channel) {
        state.withLock { $0.inFlight -= 1 }
        switch answer {
        case .raw(let text): channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
        case .close: channel.close(promise: nil)
        case .hang: break
        case .stream(let bytes):
            channel.writeAndFlush(
                ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: \(bytes)\r\n\r\n"), promise: nil)
            pour(bytes, to: channel)
        }
    }

    private func pour(_ left: Int, to channel: any Channel) {
        guard left > 0 else { return }
        let chunk = ByteBuffer(repeating: 0x61, count: min(left, 65_536))
        channel.writeAndFlush(chunk).whenSuccess {
            self.state.withLock { $0.pouredBytes += chunk.readableBytes }
            self.pour(left - chunk.readableBytes, to: channel)
        }
    }
}

// The receiver is set once, before the first connection can be made by a test.
private final class Box: @unchecked Sendable {
    weak var receiver: Receiver?
}

private final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let box: Box
    private var text = ""

    init(_ box: Box) { self.box = box }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        while let end = text.range(of: "\r\n\r\n") {
            let head = text[..<end.lowerBound].lowercased()
            let length =
                head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: " ")[1]) } ?? 0
            guard text[end.upperBound...].utf8.count >= length else { return }
            let bodyEnd = text.utf8.index(end.upperBound, offsetBy: length)
            box.receiver?.received(String(text[..<bodyEnd]), on: context.channel)
            text = String(text[bodyEnd...])
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
