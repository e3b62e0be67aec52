import NIOCore
import NIOHTTP2

/// Keeps a receiver by HTTP/2 from sending more than is read. async-http-client lets each stream run 8 MiB ahead of its
/// reader, which sixteen attempts turned into 34 MB.
final class StreamWindowLimit: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// What a stream may still be granted beyond the window that it begins with: with that, more than is read of a body, so
    /// that its limit is met.
    static let maxGrantBytes = OutputCapture.readLimitBytes

    private var granted: [HTTP2StreamID: Int] = [:]

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var frame = unwrapOutboundIn(data)
        guard case .windowUpdate(let increment) = frame.payload, frame.streamID != .rootStream else {
            return context.write(data, promise: promise)
        }
        let before = granted[frame.streamID, default: 0]
        let allowed = min(increment, Self.maxGrantBytes - before)
        guard allowed > 0 else {
            promise?.succeed()
            return
        }
        granted[frame.streamID] = before + allowed
        frame.payload = .windowUpdate(windowSizeIncrement: allowed)
        context.write(wrapOutboundOut(frame), promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let closed = event as? StreamClosedEvent { granted[closed.streamID] = nil }
        context.fireUserInboundEventTriggered(event)
    }
}
