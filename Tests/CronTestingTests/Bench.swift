import CronModel
import CronSchedule
import CronTesting
import HashTreeCollections
import Testing

/// A cluster's memory database whose transactions a test leaves open.
final class Bench {
    let clock = TestClock()
    let database: MemoryDatabase
    let owner = UserID(high: 9, low: 9)
    static let lease = Span.seconds(15)
    private var random = RandomSource(seed: 3)

    init() throws {
        database = MemoryDatabase(clock: clock, kind: .cluster, lease: Self.lease, seed: 42)
        try register(1)
    }

    static func node(_ number: UInt64) -> NodeID { NodeID(high: number, low: number) }

    func register(_ number: UInt64) throws {
        let node = Node(
            id: Self.node(number), pid: 1, host: "h", version: "v", startedAt: clock.now,
            leaseUntil: clock.now + Self.lease)
        _ = try done(.register(node))
    }

    func beat(_ number: UInt64) throws -> HeartbeatAnswer { try done(.heartbeat(Self.node(number), lease: Self.lease)) }

    /// Lets time pass in which the nodes keep their leases.
    func live(_ span: Span, _ nodes: [UInt64]) throws {
        let end = clock.now + span
        while clock.now < end {
            clock.advance(by: min(.seconds(5), end - clock.now))
            for node in nodes { _ = try beat(node) }
        }
    }

    func create(_ schedule: String, _ change: (inout JobDefinition) -> Void = { _ in }) throws -> Job {
        let id = JobID(at: clock.now, using: &random)
        var definition = JobDefinition(
            name: "job-\(id)", schedule: schedule, action: ActionDefinition(type: "test", fields: [:]))
        change(&definition)
        return try done(.createJobs([JobDraft(id: id, userID: owner, definition: definition)]))[0].get().job.job
    }

    func plan(_ node: UInt64 = 1, lead: Span = .seconds(5)) throws -> [Claim] {
        try done(.plan(PlanRequest(node: Self.node(node), lead: lead, threshold: lead, claimLimit: 100))).claims
    }

    func claim(_ node: UInt64) throws -> [Claim] { try done(Self.claiming(node)).claims }

    func run(_ id: RunID) throws -> Run { try #require(database.tables.runs[id]) }

    static func claiming(_ node: UInt64) -> MemoryVerb<ClaimAnswer> {
        .claim(ClaimRequest(node: Self.node(node), lead: .seconds(5), limit: 100))
    }

    static func starting(_ node: UInt64, _ claims: [Claim], early: Span = .zero) -> MemoryVerb<[StartAnswer]> {
        .start(StartRequest(node: Self.node(node), tokens: claims.map(\.token), early: early))
    }

    /// Runs a verb whose way is free to its commit.
    func done<Answer>(_ verb: MemoryVerb<Answer>) throws -> Answer { try open(verb).commit() }

    /// Runs a verb whose way is free and leaves it open.
    func open<Answer>(_ verb: MemoryVerb<Answer>) throws -> StagedTransaction<Answer> {
        try staged(try database.stage(verb))
    }

    /// Goes on with a verb that waited.
    func resume<Answer>(
        _ verb: MemoryVerb<Answer>, _ transaction: MemoryTransaction
    ) throws -> StagedTransaction<Answer> {
        try staged(try database.stage(verb, continuing: transaction))
    }

    /// Runs a verb that has to wait for a lock.
    func blocked<Answer>(_ verb: MemoryVerb<Answer>) throws -> MemoryTransaction {
        let staging = try database.stage(verb)
        guard case .blocked(let transaction) = staging else { throw Unexpected(what: "\(verb.name): \(staging)") }
        return transaction
    }

    private func staged<Answer>(_ staging: MemoryDatabase.Staging<Answer>) throws -> StagedTransaction<Answer> {
        guard case .staged(let staged) = staging else { throw Unexpected(what: "\(staging)") }
        return staged
    }

    struct Unexpected: Error { var what: String }
}
