import CronModel
import CronSchedule
import PostgresClient

/// A watch as a row.
enum WatchRow {
    static let columns = "job_id, user_id, check_at, state"

    static func read(_ row: PostgresRow) throws -> Watch {
        let job: JobID = try row.id(0)
        let watch = Watch(jobID: job, userID: try row.id(1), stored: try row.text(3))
        guard let watch else { throw StoreError.corrupt("the watch of job \(job) cannot be read") }
        return watch
    }
}

/// T8. One transaction of the cluster at a time, so that no watch has to be locked.
extension Session {
    private static let watchLock: Int32 = 0x7761_7463

    /// What has happened, for whoever judges it; none where no job has alerts.
    static func save(_ signals: [WatchSignal]) -> [PostgresQuery] {
        guard !signals.isEmpty else { return [] }
        return [
            """
            INSERT INTO watch_signals (job_id, run_id)
            SELECT * FROM unnest(\(signals.map(\.jobID).uuids()), \(PostgresArray(signals.map { $0.runID?.uuid })))
            """
        ]
    }

    func watch() throws -> WatchAnswer {
        var answer = WatchAnswer()
        guard try query("SELECT pg_try_advisory_xact_lock(\(Self.watchLock), 0)").first({ try $0.bool(0) }) == true else {
            return answer
        }
        var trip = RoundTrip()
        let clock = trip.add(clock())
        let taken = trip.add(
            """
            DELETE FROM watch_signals WHERE number IN (
                SELECT number FROM watch_signals ORDER BY number LIMIT \(Int64(WatchAnswer.signalLimit)))
            RETURNING job_id, run_id
            """)
        let due = trip.add(
            """
            SELECT job_id FROM job_watches WHERE check_at <= (SELECT coalesce(\(moment), cronpp_now()))
            ORDER BY check_at LIMIT \(Int64(WatchAnswer.watchLimit))
            """)
        let answers = try send(trip)
        try readClock(answers[clock])
        let signals = try answers[taken].all { WatchSignal(job: try $0.id(0), run: try $0.idOrNil(1)) }
        let dueIDs: [JobID] = try answers[due].all { try $0.id(0) }
        answer.notices = try judge(Set(signals.map(\.jobID) + dueIDs).sorted(), Set(signals.compactMap(\.runID)).sorted())
        answer.isCut = signals.count == WatchAnswer.signalLimit || dueIDs.count == WatchAnswer.watchLimit
        return answer
    }

    private func judge(_ ids: [JobID], _ runs: [RunID]) throws -> [Notice] {
        guard !ids.isEmpty else { return [] }
        let results = try send([Self.watches(ids), Self.anyRuns(runs), Self.oldestLive(ids)])
        var known = Dictionary(
            try results[0].all(WatchRow.read).map { ($0.jobID, $0) }, uniquingKeysWith: { first, _ in first })
        let told = Dictionary(grouping: try results[1].all(RunRow.read), by: \.jobID)
        let live = Dictionary(grouping: try results[2].all(RunRow.read), by: \.jobID)
        var notices: [Notice] = []
        for job in try jobs(ids).sorted(by: { $0.id < $1.id }) {
            var watch = known[job.id] ?? Watch(of: job, now: now)
            WatchRule.judge(
                &watch, job: job, runs: told[job.id] ?? [], live: live[job.id] ?? [], now: now, random: &random)
            notices += watch.take(now: now, atMost: WatchAnswer.noticeLimit - notices.count)
            known[job.id] = watch
        }
        _ = try transaction.commit(Self.save(Array(known.values)))
        return notices
    }

    func settle(_ results: [NoticeResult]) throws {
        _ = try query("SELECT pg_advisory_xact_lock(\(Self.watchLock), 0)")
        try readClock()
        let watches = try query(Self.watches(results.map(\.notice.jobID))).all(WatchRow.read)
        var known = Dictionary(watches.map { ($0.jobID, $0) }, uniquingKeysWith: { first, _ in first })
        for result in results { known[result.notice.jobID]?.settle(result, now: now) }
        _ = try transaction.commit(Self.save(Array(known.values)))
    }

    private static func save(_ watches: [Watch]) -> [PostgresQuery] {
        let kept = watches.filter { !$0.isEmpty }.sorted { $0.jobID < $1.jobID }
        let ended = watches.filter(\.isEmpty).map(\.jobID)
        let insert: PostgresQuery = """
            INSERT INTO job_watches (\(unescaped: WatchRow.columns))
            SELECT * FROM unnest(\(kept.map(\.jobID).uuids()), \(kept.map(\.userID).uuids()),
                \(PostgresArray(kept.map { $0.checkAt?.microseconds })), \(PostgresArray(kept.map(\.storedText))))
            ON CONFLICT (job_id) DO UPDATE SET check_at = excluded.check_at, state = excluded.state
            """
        return (kept.isEmpty ? [] : [insert])
            + (ended.isEmpty ? [] : ["DELETE FROM job_watches WHERE job_id = ANY(\(ended.uuids()))"])
    }

    private static func watches(_ ids: [JobID]) -> PostgresQuery {
        "SELECT \(unescaped: WatchRow.columns) FROM job_watches WHERE job_id = ANY(\(ids.uuids()))"
    }

    private static func oldestLive(_ jobs: [JobID]) -> PostgresQuery {
        """
        SELECT n.* FROM unnest(\(jobs.uuids())) AS j (id) CROSS JOIN LATERAL (
            SELECT \(unescaped: RunRow.columns) FROM live_runs WHERE job_id = j.id
            ORDER BY scheduled_for, id LIMIT \(Int64(WatchAnswer.runLimit))
        ) n
        """
    }
}
