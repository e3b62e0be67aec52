import CronModel
import CronSchedule
import GRDBSQLite

/// The writing connection at work: its statements, its cached jobs and the time. Used by one thread at a time, inside a
/// transaction.
final class WriteSession {
    /// Jobs kept decoded. One process writes, so the cache is right for as long as its transaction commits.
    static let jobCacheLimit = 100_000

    let connection: OpaquePointer
    private let clock: any EngineClock
    var random: RandomSource
    private(set) var now: Instant
    private var jobs: [JobID: Job] = [:]
    private var touched: [JobID] = []
    private(set) var claimed = ClaimedRuns()
    /// Jobs whose edit waits for the clock (T7): nothing of them starts meanwhile.
    var heldJobs: Set<JobID> = []
    /// The file cannot be read back; the process must be started anew.
    private(set) var isBroken = false
    /// Where the pruner goes on.
    var pruneAfter: RunID?

    init(connection: OpaquePointer, clock: any EngineClock, random: RandomSource) {
        self.connection = connection
        self.clock = clock
        self.random = random
        now = clock.now
    }

    /// Reads the clock for the next verb. A step back is not followed: what was due stays due, and nothing comes twice.
    func readClock() { now = max(now, clock.now) }

    func execute(_ sql: String) throws {
        let code = sqlite3_exec(connection, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLError(connection, code) }
    }

    /// SQLite ended the transaction by itself.
    var hasLostTransaction: Bool { sqlite3_get_autocommit(connection) != 0 }

    /// What was cached since the last `keep` may be wrong: the verb or the transaction failed.
    func forget() {
        for id in touched { jobs[id] = nil }
        touched.removeAll(keepingCapacity: true)
        // Whoever held them may never come back to let them go.
        heldJobs.removeAll()
        do {
            try claimed.reload(storedRun)
        } catch {
            // Nothing can be read any more: what is held in memory may be wrong, so nothing more is written.
            isBroken = true
        }
    }

    func keep() {
        touched.removeAll(keepingCapacity: true)
        claimed.keep()
    }

    func run(_ id: RunID) throws -> Run? { try claimed[id] ?? storedRun(id) }

    func storedRun(_ id: RunID) throws -> Run? {
        try hotStatements.selectRun.begin().bind(id).first(RunRow.read)
    }

    func cache(_ run: Run) { claimed.follow(run) }
    func uncache(_ id: RunID) { claimed.followDelete(id) }

    /// A job whoever owns it and whether or not it is deleted.
    func job(_ id: JobID) throws -> Job? {
        if let known = jobs[id] { return known }
        guard let job = try selectJob.begin().bind(id).first(JobRow.read) else { return nil }
        if jobs.count >= Self.jobCacheLimit { jobs.removeAll(keepingCapacity: true) }
        jobs[id] = job
        return job
    }

    /// A run's job; every run has one.
    func job(of run: Run) throws -> Job {
        guard let job = try job(run.jobID) else { throw StoreError.corrupt("run \(run.id) has no job") }
        return job
    }

    func cache(_ job: Job) {
        jobs[job.id] = job
        touched.append(job.id)
    }

    // MARK: Statements, prepared at their first use

    private func prepare(_ sql: String) throws -> SQLStatement { try SQLStatement(connection, sql) }
    private var prepared: [String: SQLStatement] = [:]

    /// The statement of a text, kept. For statements off the hot path.
    func statement(_ sql: String) throws -> SQLStatement {
        if let known = prepared[sql] { return known.begin() }
        let statement = try prepare(sql)
        prepared[sql] = statement
        return statement.begin()
    }

    private var selectJobStatement: SQLStatement?
    private var selectJob: SQLStatement {
        get throws {
            if let selectJobStatement { return selectJobStatement }
            let statement = try prepare("SELECT \(JobRow.columns) FROM \(JobRow.tables) WHERE j.id = ?")
            selectJobStatement = statement
            return statement
        }
    }

    private var hot: HotStatements?
    /// The statements that every run goes through.
    var hotStatements: HotStatements {
        get throws {
            if let hot { return hot }
            let statements = try HotStatements(connection)
            hot = statements
            return statements
        }
    }
}
