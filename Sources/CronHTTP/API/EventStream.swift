import CronModel
import CronSchedule
import Hummingbird
import NIOCore
import ServiceLifecycle

/// One stream of events, from its first line to its end: the token's, the server's or the client's.
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

    let watch: EventWatch
    let slot: EventSlot
    let until: Instant
    let clock: any EngineClock
    let body: RequestBody
    let channel: any Channel
    let isAllowed: @Sendable () async -> Bool

    func write(to writer: inout any ResponseBodyWriter) async throws {
        defer { watch.end() }
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
            watch.end()
        }
        try await writer.finish(nil)
    }

    private func send(to writer: inout any ResponseBodyWriter) async throws {
        try await writer.write(ByteBuffer(string: "retry: \(Self.retryMilliseconds)\n\n"))
        while let events = await watch.next() {
            let text = events.isEmpty ? ":\n\n" : events.map(\.text).joined()
            try await writer.write(ByteBuffer(string: text))
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
            watch.nudge()
        }
    }

    private func end() {
        watch.end()
        _ = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }
}

extension WatchedEvent {
    /// As the stream carries it.
    fileprivate var text: String {
        let (name, data) = event.map { ($0.runID == nil ? "job" : "run", $0.json) } ?? ("gap", .object([:]))
        return "id: \(id)\nevent: \(name)\ndata: \(JSONWriter.text(data))\n\n"
    }
}

extension LiveEvent {
    /// Ids and status only: who wants more reads it, with the rights that he has then.
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [
            "job_id": .string(jobID.description), "status": .string(status), "at": .string(at.description),
        ]
        members["run_id"] = runID.map { .string($0.description) }
        return .object(members)
    }
}
