import CronModel
import CronSchedule
import HashTreeCollections

/// One transaction: it takes its locks in order, then reads the clock, and works on its own copy of the tables until it
/// is committed. Where it must wait it starts over with the locks that it has, as READ COMMITTED looks at a row again
/// after waiting for it. Breaking the order is a defect of a verb and stops the test.
package final class MemoryTransaction {
    package let id: TransactionID
    private let database: MemoryDatabase
    private(set) var tables: MemoryTables
    private var changes: [MemoryChange] = []
    private var inserted: Set<RunID> = []
    private var insertedJobs: Set<JobID> = []
    private var highest: LockName?
    private var clockReading: Instant?

    init(id: TransactionID, database: MemoryDatabase) {
        self.id = id
        self.database = database
        tables = database.tables
    }

    /// Thrown through a verb to its stage.
    enum Wait: Error {
        case lock
        case clock(Instant)
    }
}

// MARK: - Locks and the clock

extension MemoryTransaction {
    /// Takes the locks in their order, waiting for whoever holds one.
    func lock(_ names: some Sequence<LockName>, _ mode: LockMode = .update) throws {
        try lock(names.map { ($0, mode) })
    }

    /// Takes locks of different modes in their order.
    func lock(_ wanted: [(LockName, LockMode)]) throws {
        for (name, mode) in wanted.sorted(by: { $0.0 < $1.0 }) {
            precondition(clockReading == nil, "\(name) is locked after the clock was read")
            precondition(highest.map { $0 <= name } ?? true, "\(name) is locked out of order")
            highest = name
            switch database.locks.acquire(name, mode, for: id) {
            case .granted: continue
            case .queued: throw Wait.lock
            case .deadlock: throw StoreError.unavailable("deadlock at \(name)")
            }
        }
    }

    /// Takes the lock unless another transaction holds it (SKIP LOCKED). It never waits, so it needs no order.
    func tryLock(_ name: LockName, _ mode: LockMode = .update) -> Bool {
        precondition(clockReading == nil, "\(name) is locked after the clock was read")
        return database.locks.take(name, mode, for: id)
    }

    private func holds(_ name: LockName, atLeast mode: LockMode) -> Bool {
        database.locks.mode(of: name, for: id).map { $0 >= mode } ?? false
    }

    /// The deciding clock, read once, after the locks.
    var now: Instant {
        let now = clockReading ?? database.readClock()
        clockReading = now
        return now
    }

    /// For choosing rows before they are locked; decides nothing.
    var roughNow: Instant { database.readClock() }

    /// Comes back to the start of the verb, with the locks kept, once the clock has reached `instant`.
    func wait(until instant: Instant) throws { throw Wait.clock(instant) }

    var lease: Span { database.lease }
    var kind: MemoryDatabase.Kind { database.kind }

    func withRandom<Answer>(_ body: (inout RandomSource) throws -> Answer) rethrows -> Answer {
        try body(&database.random)
    }
}

// MARK: - Rows

extension MemoryTransaction {
    func job(_ id: JobID) throws -> Job {
        guard let job = tables.jobs[id] else { throw StoreError.corrupt("job \(id) is missing") }
        return job
    }

    /// The job's live runs, by id.
    func liveRuns(of job: JobID) -> [Run] {
        (tables.liveOfJob[job] ?? []).sorted().compactMap { tables.runs[$0] }
    }

    func put(_ job: Job) {
        if tables.jobs[job.id] == nil { insertedJobs.insert(job.id) }
        precondition(
            insertedJobs.contains(job.id) || holds(.job(job.id), atLeast: .noKeyUpdate), "job \(job.id) is not locked")
        let before = tables.jobs[job.id]
        if before?.version != job.version, let signal = WatchSignal(job, before: before) { change(.signal(signal)) }
        change(.job(job))
    }

    func put(_ run: Run) {
        let isNew = tables.runs[run.id] == nil
        if isNew { inserted.insert(run.id) }
        precondition(
            inserted.contains(run.id) || holds(.run(run.id), atLeast: .update), "run \(run.id) is not locked")
        if tables.runs[run.id]?.status != run.status, let job = tables.jobs[run.jobID],
            let signal = WatchSignal(run, of: job)
        {
            change(.signal(signal))
        }
        change(.run(run, isNew: isNew))
    }

    func put(_ node: NodeRow) { change(.node(node)) }

    func put(_ watch: Watch) { change(.watch(watch)) }

    func removeSignals(_ numbers: [Int]) { change(.tookSignals(numbers)) }

    func pay(_ key: RateKey, until instant: Instant?) { change(.paid(key, instant)) }

    func removeRun(_ id: RunID) { change(.removedRun(id)) }

    func removeNode(_ id: NodeID) { change(.removedNode(id)) }

    func setAttempts(_ list: [Attempt], of id: RunID) { change(.attempts(id, list)) }

    func changePeople(_ body: (inout PeopleTables) -> Void) {
        body(&tables.people)
        changes.append(.people(tables.people))
    }

    private func change(_ change: MemoryChange) {
        change.apply(to: &tables)
        changes.append(change)
    }
}

// MARK: - The end

extension MemoryTransaction {
    /// Starts the verb over on what is committed now, keeping the locks.
    func restart() {
        tables = database.tables
        changes = []
        inserted = []
        insertedJobs = []
        clockReading = nil
        highest = nil
    }

    func commit() throws(StoreError) {
        defer { release() }
        try database.apply(changes)
    }

    /// Gives up: nothing of it is stored.
    package func release() { database.locks.releaseAll(of: id) }
}

/// One written row.
enum MemoryChange {
    case job(Job)
    case run(Run, isNew: Bool)
    case removedRun(RunID)
    case attempts(RunID, [Attempt])
    case node(NodeRow)
    case watch(Watch)
    case signal(WatchSignal)
    case tookSignals([Int])
    case paid(RateKey, Instant?)
    case removedNode(NodeID)
    case people(PeopleTables)

    func apply(to tables: inout MemoryTables) {
        switch self {
        case .job(let job): tables.put(job)
        case .run(let run, _): tables.put(run)
        case .removedRun(let id): tables.removeRun(id)
        case .attempts(let id, let list): tables.setAttempts(list, of: id)
        case .node(let node): tables.put(node)
        case .watch(let watch): tables.put(watch)
        case .signal(let signal): tables.add(signal)
        case .tookSignals(let numbers): tables.removeSignals(numbers)
        case .paid(let key, let until): tables.paidUntil[key] = until
        case .removedNode(let id): tables.removeNode(id)
        case .people(let people): tables.people = people
        }
    }
}
