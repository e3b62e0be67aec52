package import CronSchedule

/// Hints between nodes: "look at the store now". One that is lost costs at most one poll.
package protocol WakeupChannel: Sendable {
    /// Tells the other nodes. Waits for nothing and cannot fail; hints close together become one.
    func wake()
    /// The hints of others; those that nobody has taken yet are one. Ends when the channel is closed.
    func hints() -> AsyncStream<Void>
    /// Ends all streams of hints.
    func close()
}

/// Makes of many hints at most ten a second, and of the last of a burst always one.
package struct WakeupPace: Sendable {
    package static let pause = Span.milliseconds(100)

    /// A hint has been added and not been taken.
    package private(set) var isWaiting = false
    /// By `EngineClock.uptime`: when the next hint may be taken.
    package private(set) var nextAt = Span.zero

    package init() {}

    package mutating func add() { isWaiting = true }

    /// Whether there is a hint that may go on now.
    package mutating func take(at uptime: Span) -> Bool {
        guard isWaiting, uptime >= nextAt else { return false }
        isWaiting = false
        nextAt = uptime + Self.pause
        return true
    }
}
