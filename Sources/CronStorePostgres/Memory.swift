import CronModel
import CronSchedule
import Synchronization

/// What a node remembers between transactions. Nothing of it is believed by itself: a job is used under the version that
/// its locked row shows, a run under the fence that its row must still have when it is written.
final class Memory: Sendable {
    static let jobLimit = 100_000

    private struct Contents {
        var jobs: [JobID: Job] = [:]
        /// Runs that this node holds, as it has written them.
        var held: [RunID: Run] = [:]
        var random: RandomSource
        var pruneAfter: RunID?
        var surplusAfter: UserID?
        /// By the time that never jumps.
        var noLockWaitUntil = Span.zero
    }

    private let contents: Mutex<Contents>
    /// One transaction's draws follow the other's, so that a test can repeat them. Otherwise each has a source of its own.
    private let isRepeatable: Bool

    init(random: RandomSource, isRepeatable: Bool) {
        contents = Mutex(Contents(random: random))
        self.isRepeatable = isRepeatable
    }

    func jobs(_ ids: some Sequence<JobID>) -> [JobID: Job] {
        contents.withLock { contents in
            var found: [JobID: Job] = [:]
            for id in ids { found[id] = contents.jobs[id] }
            return found
        }
    }

    func remember(_ jobs: some Sequence<Job>) {
        contents.withLock { contents in
            if contents.jobs.count > Self.jobLimit { contents.jobs.removeAll(keepingCapacity: true) }
            for job in jobs { contents.jobs[job.id] = job }
        }
    }

    /// The runs of these claims, as far as they are held under the same fence.
    func runs(_ tokens: some Sequence<ClaimToken>) -> [RunID: Run] {
        contents.withLock { contents in
            var found: [RunID: Run] = [:]
            for token in tokens where contents.held[token.runID]?.fence == token.fence {
                found[token.runID] = contents.held[token.runID]
            }
            return found
        }
    }

    /// Follows writes that were committed.
    func follow(_ runs: some Sequence<Run>) {
        contents.withLock { contents in
            for run in runs { contents.held[run.id] = run.status.isClaimed ? run : nil }
        }
    }

    func forget(_ ids: some Sequence<RunID>) {
        contents.withLock { contents in
            for id in ids { contents.held[id] = nil }
        }
    }

    /// Lets go of what an earlier incarnation held. What runs on goes on under its fence, as long as it may.
    func newIncarnation(now: Instant) {
        contents.withLock { contents in
            contents.held = contents.held.filter { _, run in
                run.status == .running && run.runDeadline.map { $0 >= now } ?? true
            }
        }
    }

    /// Whether nobody was found lately who holds locks for long: then starts pass over what is locked, or each would wait.
    func mayWaitForLocks(at uptime: Span) -> Bool { contents.withLock { uptime >= $0.noLockWaitUntil } }

    func waitForNoLock(until uptime: Span) {
        contents.withLock { $0.noLockWaitUntil = max($0.noLockWaitUntil, uptime) }
    }

    /// The source for one transaction.
    func random() -> RandomSource {
        contents.withLock { isRepeatable ? $0.random : RandomSource(seed: $0.random.next()) }
    }

    func used(_ random: RandomSource) {
        if isRepeatable { contents.withLock { $0.random = random } }
    }

    /// The last space whose history was counted.
    var surplusAfter: UserID? {
        get { contents.withLock { $0.surplusAfter } }
        set { contents.withLock { $0.surplusAfter = newValue } }
    }

    var pruneAfter: RunID? {
        get { contents.withLock { $0.pruneAfter } }
        set { contents.withLock { $0.pruneAfter = newValue } }
    }
}
