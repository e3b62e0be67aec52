import NIOCore

/// Bounds the bytes before the final answer's head is complete. NIO allows 256 fields and 2 MiB, which is 2 GiB for a
/// thousand hostile receivers, and any number of 1xx answers.
final class AnswerHeadLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    static let maxBytes = 65_536

    struct Exceeded: Error {}

    private var bytes: Int?

    func beginHead() { bytes = 0 }
    func endHead() { bytes = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let count = bytes { bytes = count + unwrapInboundIn(data).readableBytes }
        context.fireChannelRead(data)
        // Judged after decoding, so that body bytes in the same read as the head's end do not count.
        guard let count = bytes, count > Self.maxBytes else { return }
        bytes = nil
        context.fireErrorCaught(Exceeded())
        context.close(promise: nil)
    }
}
