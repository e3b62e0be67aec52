import CronModel
package import CronSchedule

/// How long and how much of Redis is waited for.
package struct RedisLimits: Sendable {
    /// A command, from the caller's call to its answer.
    package var call = LockLimit.answer
    /// Dialling an address, and again signing in there. Nobody waits for it.
    package var connect = Span.seconds(1)
    /// Between two dials: twice as long after each failure. The wait lies in the upper half of what is reached.
    package var firstBackoff = Span.milliseconds(100)
    package var longestBackoff = Span.seconds(5)
    /// A listener asks a connection that has been silent for this long whether it is still there.
    package var silence = Span.seconds(10)
    /// How long a listener's thread waits before it looks whether it should stop.
    package var listen = Span.seconds(1)

    /// Answers are a few dozen bytes, messages at most this; what is longer is not sent and not believed.
    static let messageBytes = 64 * 1_024
    /// More than this unread is no answer to anything. Hiredis reads 16 KiB at a time, so that the beginning of one message
    /// can lie behind the end of another.
    static let unreadBytes = messageBytes + 32 * 1_024
    static let elements = 16

    package init() {}

    /// The wait after a number of failures: none after the first, so that a restarted server is back at once.
    func backoff(afterFailures failures: Int, fraction: Double) -> Span {
        guard failures > 1 else { return .zero }
        let longest = min(firstBackoff.microseconds << Int64(min(failures - 2, 20)), longestBackoff.microseconds)
        return Span(microseconds: longest / 2 + Int64(Double(longest / 2) * fraction))
    }
}

/// Why a command has no answer.
enum RedisFailure: Error, Hashable, Sendable {
    /// Its turn came when its time was over. Nothing was sent; the connection is as it was.
    case unsent
    /// The connection is over: it broke, or an answer did not come in time and would be taken for the next one's.
    case lost(String)
}
