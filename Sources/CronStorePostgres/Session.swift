import CronModel
import CronSchedule
import PostgresClient

/// One transaction at work: its statements, the time and what the node remembers. Lock order everywhere: jobs by id,
/// concurrency keys, runs by id. The clock is read in a statement of its own after the locks: in the locking statement it would predate the
/// wait for them.
final class Session {
    let transaction: PostgresTransaction
    let memory: Memory
    /// The time if it is not the database's.
    let fixedClock: (any EngineClock)?
    /// See `Session.head(_:)`.
    let head: Int64
    var random: RandomSource
    private(set) var now = Instant(microseconds: 0)
    /// Jobs as this transaction leaves them. The node remembers them when it has been committed: a version that never came
    /// to be would be taken for somebody else's of the same number.
    private(set) var kept: [Job] = []

    init(_ transaction: PostgresTransaction, memory: Memory, fixedClock: (any EngineClock)?, head: Int64) {
        self.transaction = transaction
        self.memory = memory
        self.fixedClock = fixedClock
        self.head = head
        random = memory.random()
    }

    /// What statements take for the time; null is the database's own.
    var moment: Int64? { fixedClock?.now.microseconds }

    func query(_ query: PostgresQuery) throws -> PostgresResult { try transaction.query(query) }
    func send(_ queries: [PostgresQuery]) throws -> [PostgresResult] {
        queries.isEmpty ? [] : try transaction.pipeline(queries)
    }

    /// Lets the rest of the transaction see one space's rows only. It travels with the first statement.
    static func enter(_ space: UserID) -> PostgresQuery {
        "SELECT set_config('cronpp.space', \(space.description), true)"
    }

    // MARK: The clock and the lease

    static func clock(_ moment: Int64?, node: NodeID? = nil, lengths: Int64 = 0) -> PostgresQuery {
        """
        SELECT coalesce(\(moment), cronpp_now()), cronpp_leased(\(node?.uuid), \(lengths), \(moment))
        """
    }

    func clock(node: NodeID? = nil, lengths: Int64 = 0) -> PostgresQuery {
        Self.clock(moment, node: node, lengths: lengths)
    }

    /// Takes the answer of `clock` in; answers whether the lease asked about is alive.
    @discardableResult
    func readClock(_ result: PostgresResult) throws -> Bool {
        guard let (now, isLeased) = try result.first({ (try $0.instant(0), try $0.bool(1)) }) else { return false }
        self.now = now
        return isLeased
    }

    func readClock() throws { try readClock(try query(clock())) }

    func own(_ node: NodeID) -> LeaseGuard { LeaseGuard(node: node.uuid, lengths: 0, moment: moment) }

    // MARK: Jobs

    func keep(_ jobs: some Sequence<Job>) { kept += jobs }

    static func moving(_ ids: [JobID]) -> PostgresQuery {
        """
        SELECT \(unescaped: JobRow.moving) FROM \(unescaped: JobRow.tables) WHERE j.id = ANY(\(ids.uuids()))
        """
    }

    /// The jobs that `moving` told of; definitions that the node does not remember under this version are read.
    func jobs(_ moving: PostgresResult, among ids: [JobID]) throws -> [JobID: Job] {
        var known = memory.jobs(ids)
        var unknown: [JobID] = []
        for row in moving.all({ $0 }) {
            let id: JobID = try row.id(0)
            if let job = known[id], let fresh = try JobRow.refresh(job, row) {
                known[id] = fresh
            } else {
                unknown.append(id)
            }
        }
        for id in unknown { known[id] = nil }
        for job in try self.jobs(unknown) { known[job.id] = job }
        return known
    }

    func jobs(_ ids: [JobID]) throws -> [Job] {
        guard !ids.isEmpty else { return [] }
        let jobs = try query(
            """
            SELECT \(unescaped: JobRow.columns) FROM \(unescaped: JobRow.tables) WHERE j.id = ANY(\(ids.uuids()))
            """
        ).all(JobRow.read)
        keep(jobs)
        return jobs
    }
}

extension Job {
    var isStrict: Bool { limitsStarts || nextSlot == nil }
}
