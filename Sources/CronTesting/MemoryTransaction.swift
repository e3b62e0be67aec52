import CronModel
import CronSchedule

/// One transaction: row locks, its own writes over what is committed, and the clock as read after its locks are held.
package final class MemoryTransaction {
    let id: Int
    let database: MemoryDatabase
    /// Rows as this transaction sees them; nil rows are deleted.
    private var jobs: [JobID: Job] = [:]
    private var runs: [RunID: Run?] = [:]
    private var attempts: [RunID: [Attempt]] = [:]
    private var others: [(inout MemoryDatabase.Tables) -> Void] = []
    private var isOpen = true

    init(id: Int, database: MemoryDatabase) {
        self.id = id
        self.database = database
    }

    /// To be read after the rows that the decision is about are locked.
    var now: Instant { database.readClock() }

    // MARK: Locks

    /// Takes a row, or fails the verb if another transaction has it.
    func lock(_ key: MemoryDatabase.LockKey) throws {
        if let holder = database.locks[key], holder != id { throw Blocked(transaction: holder) }
        database.locks[key] = id
    }

    /// Takes a row unless another transaction has it (SKIP LOCKED).
    func lockIfFree(_ key: MemoryDatabase.LockKey) -> Bool {
        if let holder = database.locks[key], holder != id { return false }
        database.locks[key] = id
        return true
    }

    // MARK: Rows

    func job(_ id: JobID) -> Job? { jobs[id] ?? database.tables.jobs[id] }

    func job(of run: Run) throws -> Job {
        guard let job = job(run.jobID) else { throw StoreError.corrupt("run \(run.id) has no job") }
        return job
    }

    func run(_ id: RunID) -> Run? { runs[id] ?? database.tables.runs[id] }
    func archived(_ id: RunID) -> [Attempt] { attempts[id] ?? database.tables.attempts[id] ?? [] }
    func save(_ job: Job) { jobs[job.id] = job }
    func save(_ run: Run) { runs[run.id] = .some(run) }
    func delete(_ id: RunID) { runs[id] = .some(nil) }
    func saveArchived(_ list: [Attempt], of id: RunID) { attempts[id] = list }
    func write(_ change: @escaping (inout MemoryDatabase.Tables) -> Void) { others.append(change) }

    func allJobs(_ matches: (Job) -> Bool) -> [Job] {
        let committed = database.tables.jobs.values.filter { jobs[$0.id] == nil && matches($0) }
        return (committed + jobs.values.filter(matches)).sorted { $0.id < $1.id }
    }

    func allRuns(_ matches: (Run) -> Bool) -> [Run] {
        let committed = database.tables.runs.values.filter { runs[$0.id] == nil && matches($0) }
        return (committed + runs.values.compactMap { $0 }.filter(matches))
            .sorted { ($0.scheduledFor, $0.id) < ($1.scheduledFor, $1.id) }
    }

    func end(commit: Bool) {
        guard isOpen else { return }
        isOpen = false
        if commit {
            database.tables.jobs.merge(jobs) { _, new in new }
            for (id, run) in runs { database.tables.runs[id] = run }
            database.tables.attempts.merge(attempts) { _, new in new }
            for change in others { change(&database.tables) }
        }
        database.locks = database.locks.filter { $0.value != id }
    }
}
