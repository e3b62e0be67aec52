import CronModel
import CronSchedule
import CronTesting
import Foundation
import PostgresClient
import PostgresServer
import Testing

@testable import CronStorePostgres

/// One of several nodes on one database, with connections of its own.
struct RaceNode: Sendable {
    static let count = 4
    /// However slow the machine is, starts are judged by what they find.
    static let longPatience = LockPatience(lockWait: .minutes(1), startLimit: .minutes(1))

    let id: NodeID
    let store: PostgresStore
    let url: String

    static func together(
        locks: (any LockProvider)? = nil, system: any EngineClock = SteadyClock(),
        patience: LockPatience = longPatience, _ body: ([RaceNode]) async throws -> Void
    ) async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        var nodes: [RaceNode] = []
        for number in 0..<count {
            let store = try await open(url, locks: locks, system: system, patience: patience)
            let id = NodeID(high: 7, low: UInt64(number))
            let now = store.clock.now
            _ = try await store.register(
                Node(id: id, pid: 1, host: "h", version: "v", startedAt: now, leaseUntil: now + .minutes(10)))
            nodes.append(RaceNode(id: id, store: store, url: url))
        }
        do {
            try await body(nodes)
        } catch {
            for node in nodes { await node.store.close() }
            throw error
        }
        for node in nodes { await node.store.close() }
    }

    static func open(
        _ url: String, reserved: Int = 0, locks: (any LockProvider)? = nil, system: any EngineClock = SteadyClock(),
        patience: LockPatience = longPatience
    ) async throws -> PostgresStore {
        var config = try PostgresConfig(url: url, pooling: .session)
        config.lockTimeout = Int(longPatience.lockWait.microseconds / 1_000)
        config.statementTimeout = config.lockTimeout
        return try await PostgresStore.open(
            config, poolSize: 2, reserved: reserved, system: system, locks: locks,
            patience: patience, isDurable: false)
    }

    static func atOnce<Value: Sendable>(
        _ nodes: [RaceNode], _ body: @escaping @Sendable (RaceNode) async throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: Value.self) { group in
            for node in nodes { group.addTask { try await body(node) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Does to the database what no node does.
    func administer(_ script: String) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfig(url: url, pooling: .session))
        try await connection.transaction { try $0.script(script) }
        await connection.close()
    }

    /// What a statement locks stays locked while the body runs, as by a node that has frozen in its transaction.
    func whileLocked<Value>(_ statement: String, _ body: () async throws -> Value) async throws -> Value {
        var config = try PostgresConfig(url: url, pooling: .session)
        config.idleInTransactionTimeout = 0
        let frozen = try await PostgresConnection.connect(config)
        _ = try await frozen.query("BEGIN")
        let locked = try await frozen.query("\(unescaped: statement)")
        #expect(locked.rowCount > 0)
        do {
            let value = try await body()
            _ = try await frozen.query("ROLLBACK")
            await frozen.close()
            return value
        } catch {
            await frozen.close()
            throw error
        }
    }

    /// Takes a claim without its node hearing of it.
    func takeAway(_ claim: Claim) async throws {
        try await administer(
            "UPDATE live_runs SET fence = fence + 1, owner = NULL, status = 0 WHERE id = '\(claim.token.runID)'")
    }

    /// As if its lease had run out and it had gone.
    func leave() async throws { try await administer("UPDATE nodes SET lease_until = 0 WHERE id = '\(id)'") }

    /// As if it had been there for long: it may reap.
    func settle() async throws { try await administer("UPDATE nodes SET held_since = 0 WHERE id = '\(id)'") }

    var planRequest: PlanRequest {
        PlanRequest(node: id, lead: .seconds(3), threshold: .seconds(2), claimLimit: 20)
    }
    var claimRequest: ClaimRequest { ClaimRequest(node: id, lead: .seconds(3), limit: 20) }

    func createJobs(
        count: Int, owner: UserID = UserID(high: 1, low: 1),
        _ change: (inout JobDefinition) -> Void = { $0.overlap = .allow }
    ) async throws -> [Job] {
        var random = RandomSource()
        let drafts = (0..<count).map { number in
            var definition = JobDefinition(
                name: "job-\(number)", schedule: "* * * * * *", action: ActionDefinition(type: "test", fields: [:]))
            change(&definition)
            return JobDraft(id: JobID(at: store.clock.now, using: &random), userID: owner, definition: definition)
        }
        return try await store.createJobs(drafts).map { try $0.get().job.job }
    }

    func waitForSlots() async throws { await store.clock.wait(until: store.clock.now + .milliseconds(1_100)) }

    func start(_ claims: [Claim]) async throws -> [StartAnswer] {
        try await store.start(StartRequest(node: id, tokens: claims.map(\.token), early: .zero))
    }

    func runs(of job: Job, _ owner: UserID = UserID(high: 1, low: 1)) async throws -> [Run] {
        var query = RunQuery(owner: owner)
        query.jobID = job.id
        query.limit = 1_000
        return try await store.runs(query).items
    }

    func run(_ claim: Claim) async throws -> Run {
        try #require(try await store.run(claim.token.runID, owner: UserID(high: 1, low: 1)))
    }
}

/// Time that passes by itself, for stores whose database decides the time.
struct SteadyClock: EngineClock {
    private static let start = ContinuousClock.now
    var now: Instant { Instant(microseconds: 0) + uptime }
    var uptime: Span {
        let parts = (ContinuousClock.now - Self.start).components
        return Span(microseconds: parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000)
    }
    func wait(until instant: Instant) async {
        let queue = DispatchQueue.global()
        let left = max(0, (instant - now).microseconds)
        await withCheckedContinuation { continuation in
            queue.asyncAfter(deadline: .now() + .microseconds(Int(left))) { continuation.resume() }
        }
    }
}
