import CronModel
import CronSchedule

/// A watch as a row.
enum WatchRow {
    static let columns = "job_id, user_id, check_at, state"
    /// What has happened is looked at at once: before any instant.
    static let next = """
        SELECT CASE WHEN EXISTS (SELECT 1 FROM watch_signals) THEN 0 ELSE
            (SELECT check_at FROM job_watches WHERE check_at IS NOT NULL ORDER BY check_at LIMIT 1) END
        """

    static func read(_ row: SQLStatement) throws -> Watch {
        let job: JobID = row.id(0)
        guard let watch = Watch(jobID: job, userID: row.id(1), stored: row.text(3)) else {
            throw StoreError.corrupt("the watch of job \(job) cannot be read")
        }
        return watch
    }
}

/// T8.
extension WriteSession {
    func signal(_ run: Run) throws {
        guard run.status != .queued, run.status != .pending, let job = try job(run.jobID),
            let signal = WatchSignal(run, of: job)
        else { return }
        try save(signal)
    }

    /// Also of a job that had alerts.
    func signal(_ job: Job) throws {
        let known = try statement("SELECT 1 FROM job_watches WHERE job_id = ?").bind(job.id).first { _ in true }
        guard let signal = WatchSignal(job) ?? (known == true ? WatchSignal(job: job.id, run: nil) : nil) else { return }
        try save(signal)
    }

    private func save(_ signal: WatchSignal) throws {
        try statement("INSERT INTO watch_signals (job_id, run_id) VALUES (?,?)").bind(signal.jobID).bind(signal.runID)
            .run()
    }

    func watch() throws -> WatchAnswer {
        var answer = WatchAnswer()
        let signals = try takeSignals()
        let due = try statement("SELECT job_id FROM job_watches WHERE check_at <= ? ORDER BY check_at LIMIT ?")
            .bind(now).bind(WatchAnswer.watchLimit).all { $0.id(0, as: JobID.self) }
        let told = Dictionary(grouping: signals, by: \.jobID)
        for id in Set(told.keys).union(due).sorted() {
            answer.notices += try judge(
                id, runs: Set(told[id, default: []].compactMap(\.runID)).sorted(), room: answer.room)
        }
        answer.isCut = signals.count == WatchAnswer.signalLimit || due.count == WatchAnswer.watchLimit
        return answer
    }

    private func takeSignals() throws -> [WatchSignal] {
        let rows = try statement("SELECT number, job_id, run_id FROM watch_signals ORDER BY number LIMIT ?")
            .bind(WatchAnswer.signalLimit).all { row in
                (number: row.int(0), signal: WatchSignal(job: row.id(1), run: row.idOrNil(2)))
            }
        if let last = rows.last { try statement("DELETE FROM watch_signals WHERE number <= ?").bind(last.number).run() }
        return rows.map(\.signal)
    }

    private func judge(_ id: JobID, runs: [RunID], room: Int) throws -> [Notice] {
        guard let job = try job(id) else { return [] }
        var watch = try watch(of: id) ?? Watch(of: job, now: now)
        let live = try statement(
            "SELECT \(RunRow.columns) FROM runs WHERE job_id = ? AND live IS NOT NULL ORDER BY scheduled_for, id LIMIT ?"
        ).bind(id).bind(WatchAnswer.runLimit).all(RunRow.read)
        WatchRule.judge(
            &watch, job: job, runs: try runs.compactMap { try run($0) }, live: live, now: now, random: &random)
        let notices = watch.take(now: now, atMost: room)
        try save(watch)
        return notices
    }

    func settle(_ results: [NoticeResult]) throws {
        for result in results {
            guard var watch = try watch(of: result.notice.jobID) else { continue }
            watch.settle(result, now: now)
            try save(watch)
        }
    }

    private func watch(of id: JobID) throws -> Watch? {
        try statement("SELECT \(WatchRow.columns) FROM job_watches WHERE job_id = ?").bind(id).first(WatchRow.read)
    }

    private func save(_ watch: Watch) throws {
        guard !watch.isEmpty else {
            return try statement("DELETE FROM job_watches WHERE job_id = ?").bind(watch.jobID).run()
        }
        try statement("INSERT OR REPLACE INTO job_watches (\(WatchRow.columns)) VALUES (?,?,?,?)").bind(watch.jobID)
            .bind(watch.userID).bind(watch.checkAt).bind(watch.storedText).run()
    }
}
