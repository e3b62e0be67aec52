import CronModel
import CronSchedule
import Dispatch

/// One connection, from its dial to its end; it does not come back. Its calls block, so it has a queue of its own.
///
/// Callers are served in the order in which they came. They all have the same time, so whoever waits here waits for
/// deadlines no later than their own.
actor RedisConnection {
    private let executor = QueueExecutor(label: "cronpp.redis")
    private let address: RedisAddress
    private let limits: RedisLimits
    private let clock: any EngineClock
    private var socket: RedisSocket?

    init(_ address: RedisAddress, limits: RedisLimits, clock: any EngineClock) {
        self.address = address
        self.limits = limits
        self.clock = clock
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Dials, signs in and makes sure that somebody answers.
    func open() throws(RedisFailure) {
        let socket = try RedisSocket(address, limit: limits.connect, clock: clock)
        let deadline = clock.uptime + limits.connect
        var greeting: [[String]] = []
        if let password = address.password {
            greeting.append(["AUTH"] + (address.user.map { [$0] } ?? []) + [password])
        }
        if address.database != 0 { greeting.append(["SELECT", "\(address.database)"]) }
        greeting.append(["PING"])
        for words in greeting {
            let reply = try Self.ask(socket, words, within: limits.connect, until: deadline)
            if case .refused(let text) = reply { throw .lost("\(words[0]): \(text)") }
            guard reply == .text(words == ["PING"] ? "PONG" : "OK") else { throw .lost("does not answer like Redis") }
        }
        self.socket = socket
    }

    /// - Parameter deadline: by `EngineClock.uptime`.
    func call(_ words: [String], until deadline: Span) throws(RedisFailure) -> RedisReply {
        guard let socket else { throw .lost("the connection is closed") }
        guard clock.uptime < deadline else { throw .unsent }
        do throws(RedisFailure) {
            try socket.expectSilence()
            return try Self.ask(socket, words, within: limits.call, until: deadline)
        } catch {
            self.socket = nil
            throw error
        }
    }

    /// What came on the channel to which this connection listens; nil when nothing has.
    func next(within span: Span) throws(RedisFailure) -> RedisReply? {
        guard let socket else { throw .lost("the connection is closed") }
        return try socket.receive(until: clock.uptime + span)
    }

    /// Asks the other end of a silent channel for a sign of life, which comes like a message.
    func prod() throws(RedisFailure) {
        guard let socket else { throw .lost("the connection is closed") }
        try socket.send(["PING"], until: clock.uptime + limits.connect)
    }

    private static func ask(
        _ socket: RedisSocket, _ words: [String], within limit: Span, until deadline: Span
    ) throws(RedisFailure) -> RedisReply {
        try socket.send(words, until: deadline)
        guard let reply = try socket.receive(until: deadline) else { throw .lost("no answer within \(limit)") }
        return reply
    }
}

/// Runs an actor's jobs on a serial queue, in the order in which they came.
private final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
