import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Prepares each new connection before a request may use it, by async-http-client's "debug initializers", the only hooks
/// it has between a dial and the first request byte: puts the handlers in place that know when a request leaves.
///
/// It also judges the address of the other end. Only judged addresses are dialled, so this never refuses one as long as
/// async-http-client dials what it is told; a mistake there must not open private networks.
struct ConnectionGuard: Sendable {
    let addresses: AddressGuard
    let attempts: AttemptsInFlight
    let dials: DialLog

    func prepareHTTP1(_ channel: any Channel) -> EventLoopFuture<Void> {
        prepare(channel) {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            let limit = AnswerHeadLimit()
            try pipeline.addHandler(limit, position: .before(decoder))
            let gate = RequestGate(attempts: attempts, limit: limit)
            try pipeline.addHandlers([gate, BodyJoiner()], position: .after(decoder))
        }
    }

    func prepareHTTP2(_ channel: any Channel) -> EventLoopFuture<Void> {
        prepare(channel) {
            let pipeline = channel.pipeline.syncOperations
            let frames = try pipeline.handler(type: NIOHTTP2Handler.self)
            try pipeline.addHandler(StreamWindowLimit(), position: .after(frames))
        }
    }

    /// The address was judged with the connection; header sizes are limited by HPACK's own 16 KiB list limit.
    func prepareHTTP2Stream(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP2FramePayloadToHTTP1ClientCodec.self)
            if let connection = channel.parent?.pipeline.syncOperations {
                let limit = try connection.handler(type: StreamWindowLimit.self)
                try pipeline.addHandler(StreamReads(limit: limit), position: .before(codec))
            }
            let gate = RequestGate(attempts: attempts, limit: nil)
            try pipeline.addHandlers([gate, BodyJoiner()], position: .after(codec))
        }
    }

    private func prepare(_ channel: any Channel, addHandlers: () throws -> Void) -> EventLoopFuture<Void> {
        do {
            if let refusal = addresses.refusal(of: channel.remoteAddress) { throw refusal }
            try addHandlers()
            dials.succeeded()
            return channel.eventLoop.makeSucceededVoidFuture()
        } catch {
            // Closed in a later tick: the pool must hear of the failure first, or it meets a connection that closed while
            // it was still starting.
            channel.eventLoop.execute { channel.close(promise: nil) }
            return channel.eventLoop.makeFailedFuture(error)
        }
    }
}
