package import CronSchedule

/// What people who watch are told: that a run or a job is now in another status. Only a hint; the ledger says what is
/// true.
package struct LiveEvent: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case run(RunID, RunStatus)
        /// No state: the job is deleted.
        case job(JobState?)
    }

    package let owner: UserID
    package let jobID: JobID
    package let subject: Subject
    package let at: Instant

    package init(owner: UserID, jobID: JobID, _ subject: Subject, at: Instant) {
        self.owner = owner
        self.jobID = jobID
        self.subject = subject
        self.at = at
    }

    package init(_ run: Run, at: Instant) {
        self.init(owner: run.userID, jobID: run.jobID, .run(run.id, run.status), at: at)
    }

    package var runID: RunID? {
        if case .run(let id, _) = subject { id } else { nil }
    }

    /// A run's status or a job's state, as the API writes them.
    package var status: String {
        switch subject {
        case .run(_, let status): status.name
        case .job(let state): state?.rawValue ?? Self.deleted
        }
    }

    package static let deleted = "deleted"
}

/// Events that are told together. Bounded: beyond its limit an event becomes a gap of its owner, who then reads anew.
package struct EventBatch: Hashable, Sendable {
    package static let eventLimit = 500
    /// Owners with a gap of their own; with more of them the gap is everybody's.
    package static let gapLimit = 500

    package private(set) var events: [LiveEvent] = []
    package private(set) var gaps: Set<UserID> = []
    package private(set) var isGapForAll = false

    package init() {}

    package init(_ events: [LiveEvent]) { add(events[...]) }

    package static var gapForAll: EventBatch {
        var batch = EventBatch()
        batch.addGapForAll()
        return batch
    }

    package var isEmpty: Bool { events.isEmpty && gaps.isEmpty && !isGapForAll }

    package mutating func add(_ batch: EventBatch) {
        // Takes the other's array over instead of copying it: what the engine hands in is mostly the first of its batch.
        if isEmpty {
            self = batch
            return
        }
        if batch.isGapForAll { addGapForAll() }
        add(batch.events[...])
        for owner in batch.gaps { addGap(of: owner) }
    }

    package mutating func addGap(of owner: UserID) {
        guard !isGapForAll, gaps.insert(owner).inserted, gaps.count > Self.gapLimit else { return }
        addGapForAll()
    }

    package mutating func addGapForAll() {
        isGapForAll = true
        gaps = []
    }

    /// The same with all events from that one on made gaps.
    package func cut(to count: Int) -> EventBatch {
        var batch = self
        batch.events = []
        batch.add(events.prefix(count))
        batch.addGaps(instead: events.dropFirst(count))
        return batch
    }

    private mutating func add(_ more: ArraySlice<LiveEvent>) {
        let room = Self.eventLimit - events.count
        events += more.prefix(room)
        addGaps(instead: more.dropFirst(room))
    }

    private mutating func addGaps(instead events: ArraySlice<LiveEvent>) {
        var last: UserID?
        // Runs that end together mostly have one owner, who need not be looked up each time.
        for event in events where event.owner != last {
            addGap(of: event.owner)
            last = event.owner
        }
    }
}
