import CronModel
package import CronSchedule
import PostgresClient

/// How long starts, and ends, let others' locks hold them up: whoever holds one may be frozen, and who waits for it keeps the
/// locks that it has from everybody else.
package struct LockPatience: Sendable {
    package static let standard = LockPatience(lockWait: .milliseconds(300), startLimit: .milliseconds(400))
    /// For how long starts wait for no lock once one has waited in vain: each would be held up anew.
    static let pause = Span.seconds(1)

    /// For each lock; after that, what others have locked is passed over.
    package var lockWait: Span
    /// A start that has taken longer by the time that its locks are held starts nothing. It may be sent only within half a
    /// second of being asked for; one that is committed and not sent costs an attempt, and under at-most-once the run.
    package var startLimit: Span

    package init(lockWait: Span, startLimit: Span) {
        self.lockWait = lockWait
        self.startLimit = startLimit
    }
}

/// The locks of verbs that move runs, in their order: jobs by id, concurrency keys, runs by id. Who may wait waits for
/// them in the round trip that reads what they protect; who may not takes what is free in one of its own.
extension Session {
    /// Travels with the next statement.
    func limitLocks(_ wait: Span) {
        transaction.enqueue("SET LOCAL lock_timeout = \(unescaped: "\(wait.microseconds / 1_000)")")
    }

    /// Locks jobs as a verb that moves their runs does: one that counts what runs, or that may end the job, keeps others
    /// of its kind away. Which kind a job is, is what the node remembers of it; an unknown one is taken for strict.
    func locks(_ ids: some Sequence<JobID>) -> [PostgresQuery] {
        let (shared, strict) = kinds(ids)
        return (shared.isEmpty ? [] : [Self.lockShared(shared)]) + (strict.isEmpty ? [] : [Self.lockStrict(strict)])
    }

    private func kinds(_ ids: some Sequence<JobID>) -> (shared: [JobID], strict: [JobID]) {
        let known = memory.jobs(ids)
        let all = Set(ids).sorted()
        return (all.filter { !(known[$0]?.isStrict ?? true) }, all.filter { known[$0]?.isStrict ?? true })
    }

    static func lockShared(_ ids: [JobID]) -> PostgresQuery {
        "SELECT FROM jobs WHERE id = ANY(\(ids.uuids())) ORDER BY id FOR KEY SHARE"
    }

    static func lockStrict(_ ids: [JobID]) -> PostgresQuery {
        "SELECT FROM jobs WHERE id = ANY(\(ids.uuids())) ORDER BY id FOR NO KEY UPDATE"
    }

    /// A lock for each key, in one order for all: rows of their own would have to be made and removed again.
    static func lockKeys(_ keys: Set<OverlapKey>) -> [PostgresQuery] {
        guard !keys.isEmpty else { return [] }
        return [
            """
            SELECT pg_advisory_xact_lock(\(keyLock), k.hash)
            FROM (SELECT DISTINCT hashtext(key) AS hash FROM unnest(\(texts(keys))) AS u (key) ORDER BY 1) k
            """
        ]
    }

    /// The first half of those locks; any number that nothing else uses.
    static let keyLock: Int32 = 0x4B6579

    static func lockRuns(_ ids: [RunID]) -> PostgresQuery {
        """
        SELECT \(unescaped: RunRow.columns) FROM live_runs WHERE id = ANY(\(ids.uuids())) ORDER BY id FOR UPDATE
        """
    }
}

/// Jobs and concurrency keys that nobody else had locked, and that this transaction holds now.
struct FreeLocks {
    fileprivate(set) var jobs: Set<JobID> = []
    fileprivate(set) var keys: Set<OverlapKey> = []

    func cover(_ place: RunPlace) -> Bool {
        jobs.contains(place.job) && (place.shared.map { keys.contains($0) } ?? true)
    }
}

/// For verbs that can leave a part to the next time.
extension Session {
    /// - Parameter asStrict: jobs of which nothing is remembered to need it too.
    func tryLocks(_ places: some Sequence<RunPlace>, asStrict: Bool = false) throws -> FreeLocks {
        let (shared, strict) = kinds(places.map(\.job))
        let keys = Set(places.compactMap(\.shared))
        guard !shared.isEmpty || !strict.isEmpty else { return FreeLocks() }
        var trip = RoundTrip()
        let jobs = [
            trip.add(asStrict ? Self.tryLockStrict(shared) : Self.tryLockShared(shared)),
            trip.add(Self.tryLockStrict(strict)),
        ]
        let tried = keys.isEmpty ? nil : trip.add(Self.tryLockKeys(keys))
        let answers = try send(trip)
        var free = FreeLocks()
        for name in jobs { free.jobs.formUnion(try answers[name].ids(of: JobKind.self)) }
        if let tried {
            let texts = Set(try answers[tried].all { try $0.text(0) })
            free.keys = keys.filter { texts.contains($0.text) }
        }
        return free
    }

    private static func tryLockShared(_ ids: [JobID]) -> PostgresQuery {
        "SELECT id FROM jobs WHERE id = ANY(\(ids.uuids())) ORDER BY id FOR KEY SHARE SKIP LOCKED"
    }

    private static func tryLockStrict(_ ids: [JobID]) -> PostgresQuery {
        "SELECT id FROM jobs WHERE id = ANY(\(ids.uuids())) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
    }

    private static func tryLockKeys(_ keys: Set<OverlapKey>) -> PostgresQuery {
        """
        SELECT k.key FROM unnest(\(texts(keys))) AS k (key)
        WHERE pg_try_advisory_xact_lock(\(keyLock), hashtext(k.key))
        """
    }

    /// The runs of these jobs that nobody else has locked.
    static func tryLockRuns(_ ids: [RunID], of jobs: [JobID]) -> PostgresQuery {
        """
        SELECT \(unescaped: RunRow.columns) FROM live_runs
        WHERE id = ANY(\(ids.uuids())) AND job_id = ANY(\(jobs.uuids())) ORDER BY id FOR UPDATE SKIP LOCKED
        """
    }
}
