import CronModel
import CronSchedule
import PostgresClient

/// Where a run's start and end are counted.
struct RunPlace: Hashable {
    var job: JobID
    /// The concurrency key, if it has one.
    var shared: OverlapKey?

    init(_ run: Run) {
        job = run.jobID
        shared = run.overlapKey.isShared ? run.overlapKey : nil
    }

    fileprivate init(_ row: PostgresRow) throws {
        job = try row.id(0)
        let user: UserID = try row.id(1)
        shared = try row.textOrNil(2).map { .shared(user, $0) }
    }

    /// See `Run.rateKey`.
    var rateKey: OverlapKey { shared ?? .job(job, zone: "") }
}

/// Concurrency keys and rate limits. Whoever starts or ends a run of a key holds the key's lock, taken after the jobs' and
/// before the runs': its runs are those of several jobs, whose locks say nothing of each other. What a job limits for
/// itself its own lock protects.
extension Session {
    func places(of runs: [RunID]) throws -> [RunPlace] {
        guard !runs.isEmpty else { return [] }
        return try query(
            "SELECT DISTINCT job_id, user_id, concurrency_key FROM live_runs WHERE id = ANY(\(runs.uuids()))"
        ).all(RunPlace.init)
    }

    func parkedPlaces() throws -> [RunPlace] {
        try query("SELECT DISTINCT job_id, user_id, concurrency_key FROM live_runs WHERE blocked_on IS NOT NULL")
            .all(RunPlace.init)
    }

    /// The keys whose rates must be known before runs of these places start. What a job is that the node does not remember
    /// is not known either: its rate is asked too.
    func rateKeys(_ places: some Sequence<RunPlace>) -> Set<OverlapKey> {
        let known = memory.jobs(places.map(\.job))
        return Set(places.filter { known[$0.job].map { $0.definition.rateLimit != nil } ?? true }.map(\.rateKey))
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
    private static let keyLock: Int32 = 0x4B6579

    static func texts(_ keys: Set<OverlapKey>) -> PostgresArray<String> { PostgresArray(keys.sorted().map(\.text)) }
}

// MARK: - What runs and what waits

extension Session {
    static func running(_ jobs: [JobID]) -> PostgresQuery {
        """
        SELECT job_id, zone, count(*) FROM live_runs
        WHERE job_id = ANY(\(jobs.uuids())) AND status = 2 AND concurrency_key IS NULL
        GROUP BY job_id, zone
        """
    }

    static func parked(_ jobs: [JobID]) -> PostgresQuery {
        """
        SELECT job_id, zone, count(*) FROM live_runs
        WHERE job_id = ANY(\(jobs.uuids())) AND blocked_on IS NOT NULL AND concurrency_key IS NULL
        GROUP BY job_id, zone
        """
    }

    /// Running rows lie at the head of the due index.
    func running(_ keys: Set<OverlapKey>) -> PostgresQuery {
        let pairs: [(UserID, String)] = keys.sorted().compactMap {
            if case .shared(let user, let key) = $0 { (user, key) } else { nil }
        }
        return """
            SELECT r.user_id, r.concurrency_key, count(*) FROM live_runs r
            JOIN unnest(\(pairs.map(\.0).uuids()), \(PostgresArray(pairs.map(\.1)))) AS u (user_id, key)
                ON r.user_id = u.user_id AND r.concurrency_key = u.key
            WHERE r.blocked_on IS NULL AND r.status = 2 AND r.due_at <= \(head)
            GROUP BY r.user_id, r.concurrency_key
            """
    }

    static func parked(_ keys: Set<OverlapKey>) -> PostgresQuery {
        "SELECT blocked_on, count(*) FROM live_runs WHERE blocked_on = ANY(\(texts(keys))) GROUP BY blocked_on"
    }

    static func counts(_ result: PostgresResult) throws -> [OverlapKey: Int] {
        let counts = try result.all {
            (OverlapKey.job(try $0.id(0), zone: try $0.text(1)), Int(try $0.int(2)))
        }
        return Dictionary(counts, uniquingKeysWith: +)
    }

    static func sharedCounts(_ result: PostgresResult) throws -> [OverlapKey: Int] {
        let counts = try result.all {
            (OverlapKey.shared(try $0.id(0), try $0.text(1)), Int(try $0.int(2)))
        }
        return Dictionary(counts, uniquingKeysWith: +)
    }

    static func parkedCounts(_ result: PostgresResult, of keys: Set<OverlapKey>) throws -> [OverlapKey: Int] {
        let counts = try result.all { (try $0.text(0), Int(try $0.int(1))) }
        let byText = Dictionary(counts, uniquingKeysWith: +)
        return Dictionary(keys.map { ($0, byText[$0.text] ?? 0) }, uniquingKeysWith: +)
    }

    /// Asks the running runs of a key to stop (flags of `Run.storedFlags`: 2 cancel, 4 because of an overlap).
    static func cancelRunning(_ key: OverlapKey) -> PostgresQuery {
        switch key {
        case .job(let job, let zone):
            """
            UPDATE live_runs SET flags = flags | 6
            WHERE job_id = \(job.uuid) AND zone = \(zone) AND status = 2 AND flags & 2 = 0
            """
        case .shared(let user, let name):
            """
            UPDATE live_runs SET flags = flags | 6
            WHERE user_id = \(user.uuid) AND concurrency_key = \(name) AND blocked_on IS NULL AND status = 2
                AND flags & 2 = 0
            """
        }
    }
}

// MARK: - Rates

extension Session {
    static func paid(_ keys: Set<OverlapKey>) -> PostgresQuery {
        "SELECT key, reserved, started FROM start_rates WHERE key = ANY(\(texts(keys)))"
    }

    static func paid(_ result: PostgresResult, of keys: Set<OverlapKey>) throws -> [OverlapKey: PaidStarts] {
        let rows = try result.all { row in
            (
                try row.text(0),
                PaidStarts(reserved: try row.instantOrNil(1), started: try row.instantOrNil(2))
            )
        }
        let paid = Dictionary(rows, uniquingKeysWith: { first, _ in first })
        var found: [OverlapKey: PaidStarts] = [:]
        for key in keys { found[key] = paid[key.text] }
        return found
    }

    static func pay(_ payments: [OverlapKey: PaidStarts]) -> [PostgresQuery] {
        guard !payments.isEmpty else { return [] }
        let sorted = payments.sorted { $0.key < $1.key }
        return [
            """
            INSERT INTO start_rates (key, reserved, started)
            SELECT * FROM unnest(\(PostgresArray(sorted.map(\.key.text))),
                \(PostgresArray(sorted.map { $0.value.reserved?.microseconds })),
                \(PostgresArray(sorted.map { $0.value.started?.microseconds })))
            ON CONFLICT (key) DO UPDATE SET reserved = excluded.reserved, started = excluded.started
            """
        ]
    }
}
