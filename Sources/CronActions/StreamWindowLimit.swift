import NIOCore
import NIOHTTP2

/// Keeps a receiver by HTTP/2 from running far ahead of who reads it, by granting less than async-http-client would: its
/// 8 MiB for each stream are 8 GB for a thousand attempts. Stands at the connection's frames.
final class StreamWindowLimit: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// Of a stream: what waits to be read, and what may still be sent.
    static let maxAheadBytes = 131_072

    private struct Stream {
        /// Each begins with this one (RFC 9113 §6.9.2).
        var window = 65_535
        var unread = 0
    }

    private var streams: [HTTP2StreamID: Stream] = [:]

    /// Who reads has taken this much.
    func wasRead(_ bytes: Int, of stream: HTTP2StreamID) {
        streams[stream]?.unread -= bytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if case .data(let content) = frame.payload {
            streams[frame.streamID, default: Stream()].unread += content.data.readableBytes
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let change = event as? NIOHTTP2WindowUpdatedEvent, let window = change.inboundWindowSize {
            streams[change.streamID, default: Stream()].window = window
        } else if let closed = event as? StreamClosedEvent {
            streams[closed.streamID] = nil
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// NIO asks to enlarge a stream's window after each piece that was read, so what is refused here is asked for again.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var frame = unwrapOutboundIn(data)
        guard case .windowUpdate(let increment) = frame.payload, frame.streamID != .rootStream else {
            return context.write(data, promise: promise)
        }
        var stream = streams[frame.streamID, default: Stream()]
        let allowed = min(increment, Self.maxAheadBytes - stream.window - stream.unread)
        // Not for little: a frame would go out for each that came in. Half is open still, or will be read.
        guard allowed >= Self.maxAheadBytes / 2 else {
            promise?.succeed()
            return
        }
        stream.window += allowed
        streams[frame.streamID] = stream
        frame.payload = .windowUpdate(windowSizeIncrement: allowed)
        context.write(wrapOutboundOut(frame), promise: promise)
    }
}

/// Tells the limit of a connection what one of its streams has handed on.
final class StreamReads: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    private let limit: StreamWindowLimit
    private var stream: HTTP2StreamID?

    init(limit: StreamWindowLimit) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .data(let content) = unwrapInboundIn(data) {
            // It has its number by now, which it had not when it was made.
            stream = stream ?? (try? context.channel.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID))
            if let stream { limit.wasRead(content.data.readableBytes, of: stream) }
        }
        context.fireChannelRead(data)
    }
}
