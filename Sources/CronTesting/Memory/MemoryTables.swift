package import CronModel
package import CronSchedule
package import HashTreeCollections

/// What the memory store keeps: rows, and the indexes that follow from them. A value: a transaction works on its own copy,
/// which shares everything that it does not change.
package struct MemoryTables: Sendable {
    package private(set) var jobs: TreeDictionary<JobID, Job> = [:]
    package private(set) var runs: TreeDictionary<RunID, Run> = [:]
    /// Attempts beside the run's own row, oldest first: the earlier ones, and the newest when an answer to it came late,
    /// since the row of an ended run never changes.
    package private(set) var attempts: TreeDictionary<RunID, [Attempt]> = [:]
    package private(set) var nodes: TreeDictionary<NodeID, NodeRow> = [:]
    package var people = PeopleTables()

    /// Active jobs by the slot that is to be planned next.
    package private(set) var jobsBySlot = SortedArray<Timed<JobKind>>()
    /// Waiting runs that a node may claim: not owned, not parked.
    package private(set) var runsByDueTime = SortedArray<Timed<RunKind>>()
    package private(set) var slotsOfJob: TreeDictionary<JobID, SortedArray<Timed<RunKind>>> = [:]
    package private(set) var liveOfJob: TreeDictionary<JobID, Set<RunID>> = [:]
    package private(set) var claimedBy: TreeDictionary<NodeID, Set<RunID>> = [:]
    package private(set) var runningByKey: TreeDictionary<OverlapKey, Set<RunID>> = [:]
    package private(set) var parkedByKey: TreeDictionary<OverlapKey, Set<RunID>> = [:]
    package private(set) var watches: TreeDictionary<JobID, Watch> = [:]
    /// What watches have not looked at yet, in the order in which it was committed.
    package private(set) var signals: TreeDictionary<Int, WatchSignal> = [:]
    private var lastSignal = 0
    /// Of the keys of rate limits.
    package var paidUntil: TreeDictionary<RateKey, Instant> = [:]

    package init() {}

    package mutating func put(_ job: Job) {
        if let old = jobs[job.id], let slot = Self.planned(old) { jobsBySlot.remove(slot) }
        if let slot = Self.planned(job) { jobsBySlot.insert(slot) }
        jobs[job.id] = job
    }

    package mutating func put(_ run: Run) {
        if let old = runs[run.id] { forget(old) }
        runs[run.id] = run
        slotsOfJob[run.jobID, default: SortedArray()].insert(Timed(run.scheduledFor, run.id))
        if run.status.isLive { liveOfJob[run.jobID, default: []].insert(run.id) }
        if let owner = run.owner { claimedBy[owner, default: []].insert(run.id) }
        if run.status == .running { runningByKey[run.overlapKey, default: []].insert(run.id) }
        if run.isParked { parkedByKey[run.overlapKey, default: []].insert(run.id) }
        if run.isClaimable { runsByDueTime.insert(Timed(run.dueAt, run.id)) }
    }

    package mutating func removeNode(_ id: NodeID) { nodes[id] = nil }

    package mutating func put(_ node: NodeRow) { nodes[node.node.id] = node }

    package mutating func put(_ watch: Watch) { watches[watch.jobID] = watch.isEmpty ? nil : watch }

    package mutating func add(_ signal: WatchSignal) {
        lastSignal += 1
        signals[lastSignal] = signal
    }

    package mutating func removeSignals(_ numbers: [Int]) { for number in numbers { signals[number] = nil } }

    package mutating func setAttempts(_ list: [Attempt], of id: RunID) {
        attempts[id] = list.isEmpty ? nil : list
    }

    package mutating func removeRun(_ id: RunID) {
        guard let run = runs[id] else { return }
        forget(run)
        runs[id] = nil
        attempts[id] = nil
        slotsOfJob[run.jobID]?.remove(Timed(run.scheduledFor, id))
    }

    /// The job's rows of exactly this slot.
    func runs(of job: JobID, at slot: Instant) -> [Run] {
        guard let slots = slotsOfJob[job] else { return [] }
        let first = slots.firstIndex(notBefore: Timed(slot, RunID(high: 0, low: 0)))
        return slots.elements[first...].prefix { $0.at == slot }.compactMap { runs[$0.id] }
    }

    /// The job's rows by (scheduledFor, id), from `instant` on.
    func runs(of job: JobID, from instant: Instant) -> [Run] {
        guard let slots = slotsOfJob[job] else { return [] }
        let first = slots.firstIndex(notBefore: Timed(instant, RunID(high: 0, low: 0)))
        return slots.elements[first...].compactMap { runs[$0.id] }
    }

    private mutating func forget(_ run: Run) {
        liveOfJob[run.jobID]?.remove(run.id)
        if let owner = run.owner { claimedBy[owner]?.remove(run.id) }
        if run.status == .running { runningByKey[run.overlapKey]?.remove(run.id) }
        if run.isParked { parkedByKey[run.overlapKey]?.remove(run.id) }
        if run.isClaimable { runsByDueTime.remove(Timed(run.dueAt, run.id)) }
    }

    private static func planned(_ job: Job) -> Timed<JobKind>? {
        guard job.state == .active, job.deletedAt == nil, let slot = job.nextSlot else { return nil }
        return Timed(slot, job.id)
    }
}

/// An instant and the row that it belongs to, in that order.
package struct Timed<Kind>: Comparable, Sendable {
    package var at: Instant
    package var id: Identifier<Kind>

    package init(_ at: Instant, _ id: Identifier<Kind>) {
        self.at = at
        self.id = id
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.at == right.at ? left.id < right.id : left.at < right.at
    }
}

/// A node with what only the store knows of it.
package struct NodeRow: Sendable {
    package var node: Node
    package var lease: Span
    /// Since when it has held its lease without a break.
    package var heldSince: Instant

    package func isLive(at now: Instant) -> Bool { node.deadAt == nil && node.leaseUntil > now }
}

/// Users, their sessions, their resources, and what their requests have done.
package struct PeopleTables: Sendable {
    package struct UsedKey: Sendable {
        package var bodyDigest: [UInt8]
        package var job: JobID
        /// Of a request that started one.
        package var run: RunID?
        package var at: Instant
    }

    package struct KeyName: Hashable, Sendable {
        package var user: UserID
        package var key: String
    }

    package struct StoredToken: Sendable {
        package var token: RefreshToken
        package var isUsed = false
    }

    package var users: [UserID: User] = [:]
    package var tokens: [[UInt8]: StoredToken] = [:]
    package var revokedFamilies: Set<RefreshToken.UserFamily> = []
    package var usedKeys: [KeyName: UsedKey] = [:]
    package var resources: [ResourceID: Resource] = [:]
    package var audit: [UserID: [AuditRecord]] = [:]

    package init() {}
}

extension Run {
    /// Waits for its overlap key.
    package var isParked: Bool { status.isWaiting && blockedOn != nil }

    /// A node may claim it once it is due.
    package var isClaimable: Bool { (status == .pending || status == .retrying) && blockedOn == nil }

    /// When it ended, or moved last.
    package var lastMovedAt: Instant { events.last?.at ?? scheduledFor }
}
