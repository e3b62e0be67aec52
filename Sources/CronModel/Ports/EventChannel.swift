/// What happens, for people who watch while it does. Hints only: whoever is told of a gap reads the ledger anew.
package protocol EventChannel: Sendable {
    /// Waits for nothing and cannot fail. At most `EventBatch.eventLimit` events go out each `HintPacer.pause`; what is
    /// beyond becomes gaps.
    func publish(_ batch: EventBatch)
    /// - Parameter last: the id of the last event that the watcher has seen. What came since is told again if it is still
    ///   known; with any other id, or none, the watch begins with a gap.
    func watch(_ interest: EventInterest, after last: String?) -> EventWatch
    /// The id of what was told last here: a watch after it misses nothing of what follows.
    var newest: String { get }
    /// Ends all watches.
    func close()
}

/// Whose events, and of one job only if there is one.
package struct EventInterest: Hashable, Sendable {
    package var owner: UserID
    package var job: JobID?

    package init(owner: UserID, job: JobID? = nil) {
        self.owner = owner
        self.job = job
    }
}

/// An event as a watcher gets it.
package struct WatchedEvent: Hashable, Sendable {
    /// To begin after when the watcher comes back.
    package let id: String
    /// Nil for a gap: something may have been left out, so what is shown must be read anew.
    package let event: LiveEvent?

    package init(id: String, event: LiveEvent?) {
        self.id = id
        self.event = event
    }
}
