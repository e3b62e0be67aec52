import NIOCore
import NIOHTTP1

/// Lets a request pass only while its attempt still waits for it.
final class RequestGate: ChannelDuplexHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private let attempts: AttemptsInFlight
    private let limit: AnswerHeadLimit?
    private var isShut = false

    init(attempts: AttemptsInFlight, limit: AnswerHeadLimit?) {
        self.attempts = attempts
        self.limit = limit
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head(let head) = unwrapOutboundIn(data), !attempts.mayWrite(head.headers), !isShut {
            isShut = true
            // In a later tick, because the writer is in the middle of its own state change.
            let channel = context.channel
            context.eventLoop.execute { channel.close(promise: nil) }
        }
        guard !isShut else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        if case .head = unwrapOutboundIn(data) { limit?.beginHead() }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.status.code >= 200 { limit?.endHead() }
        context.fireChannelRead(data)
    }
}
