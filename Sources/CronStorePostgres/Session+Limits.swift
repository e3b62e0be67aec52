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
}

/// Concurrency keys and rate limits. Whoever starts or ends a run of a key holds the key's lock, taken after the jobs' and
/// before the runs': its runs are those of several jobs, whose locks say nothing of each other. What a job limits for
/// itself its own lock protects.
extension Session {
    /// One for each run that is live.
    func places(of runs: [RunID]) throws -> [RunPlace] {
        guard !runs.isEmpty else { return [] }
        return try query(
            "SELECT job_id, user_id, concurrency_key FROM live_runs WHERE id = ANY(\(runs.uuids()))"
        ).all(RunPlace.init)
    }

    func parkedPlaces() throws -> [RunPlace] {
        try query("SELECT DISTINCT job_id, user_id, concurrency_key FROM live_runs WHERE blocked_on IS NOT NULL")
            .all(RunPlace.init)
    }

    /// The keys whose rates must be known before runs of these places start. Of a job that the node does not remember it is
    /// not known whether it has one: its runs are put back.
    func rateKeys(_ places: some Sequence<RunPlace>) -> Set<RateKey> {
        let known = memory.jobs(places.map(\.job))
        return Set(
            places.compactMap { place in
                known[place.job]?.definition.rateLimit.map {
                    RateKey(of: place.shared ?? .job(place.job, zone: ""), rate: $0)
                }
            })
    }

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
            WHERE job_id = \(job.uuid) AND zone = \(zone) AND status = 2 AND concurrency_key IS NULL AND flags & 2 = 0
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
    static func paid(_ keys: Set<RateKey>) -> PostgresQuery {
        "SELECT key, paid_until FROM start_rates WHERE key = ANY(\(PostgresArray(keys.map(\.text))))"
    }

    static func paid(_ result: PostgresResult, of keys: Set<RateKey>) throws -> [RateKey: Instant] {
        let paid = Dictionary(
            try result.all { (try $0.text(0), try $0.instant(1)) }, uniquingKeysWith: { first, _ in first })
        var found: [RateKey: Instant] = [:]
        for key in keys { found[key] = paid[key.text] }
        return found
    }

    static func pay(_ payments: [RateKey: Instant]) -> [PostgresQuery] {
        guard !payments.isEmpty else { return [] }
        let sorted = payments.map { (text: $0.key.text, until: $0.value) }.sorted { $0.text < $1.text }
        return [
            """
            INSERT INTO start_rates (key, paid_until)
            SELECT * FROM unnest(\(PostgresArray(sorted.map(\.text))), \(PostgresArray(sorted.map(\.until.microseconds))))
            ON CONFLICT (key) DO UPDATE SET paid_until = excluded.paid_until
            """
        ]
    }
}
