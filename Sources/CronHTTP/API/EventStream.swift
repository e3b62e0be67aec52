import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Where the text of a stream comes from; for one task at a time.
protocol StreamSource: Sendable {
    /// What has come since the last call, waiting until there is something: empty after a `nudge`. Nil at the end.
    func next() async -> String?
    /// Lets `next` return although nothing may have come.
    func nudge()
    func end()
}

/// One stream of server-sent events, from its first line to its end: the source's, the token's, the server's or the
/// client's.
struct EventStream: Sendable {
    /// Between two signs of life, for proxies that cut what is silent.
    static let beat = Span.seconds(15)
    /// Between two questions whether whoever watches still may.
    static let check = Span.seconds(60)
    /// How soon a client should come back.
    static let retryMilliseconds = 3_000
    /// How long a client may take to read what is left when the stream has ended. One that does not read at all would
    /// hold up a shutdown.
    static let patience = TimeAmount.seconds(1)

    let source: any StreamSource
    let slot: StreamSlot
    let until: Instant
    let clock: any EngineClock
    let body: RequestBody
    let channel: any Channel
    let isAllowed: @Sendable () async -> Bool

    func write(to writer: inout any ResponseBodyWriter) async throws {
        defer { source.end() }
        try await body.consumeWithInboundCloseHandler { _ in
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await keepTime() }
                    defer { group.cancelAll() }
                    try await send(to: &writer)
                }
            } onGracefulShutdown: {
                end()
            }
        } onInboundClosed: {
            source.end()
        }
        try await writer.finish(nil)
    }

    private func send(to writer: inout any ResponseBodyWriter) async throws {
        try await writer.write(ByteBuffer(string: "retry: \(Self.retryMilliseconds)\n\n"))
        while let text = await source.next() {
            try await writer.write(ByteBuffer(string: text.isEmpty ? ":\n\n" : text))
        }
    }

    private func keepTime() async {
        var checkAt = clock.now + Self.check
        while !Task.isCancelled {
            await clock.wait(until: min(clock.now + Self.beat, checkAt, until))
            if clock.now >= until { return end() }
            if clock.now >= checkAt {
                guard await isAllowed() else { return end() }
                checkAt = clock.now + Self.check
            }
            source.nudge()
        }
    }

    private func end() {
        source.end()
        _ = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }
}

extension EventStream {
    static let headers: HTTPFields = [
        .contentType: "text/event-stream", .cacheControl: "no-store",
        // Reading until the client goes leaves nothing that a next request could be read from.
        .connection: "close",
    ]

    /// One event as the stream carries it.
    static func text(id: String, event: String, _ data: JSONValue) -> String {
        "id: \(id)\nevent: \(event)\ndata: \(JSONWriter.text(data))\n\n"
    }
}
