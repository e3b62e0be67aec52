import CronActions
import CronEngine
import CronHTTP
import CronModel
import CronSchedule
import CronStorePostgres
import CronStoreSQLite
import Foundation
import Logging
import Mail
import ServiceLifecycle

/// Measures plan, claim, start, finish and record of many runs with every promise kept: on the embedded store, on disk, or
/// on a PostgreSQL. Its own clock decides, so that slots can be made due.
package struct Bench: Sendable {
    package enum Workload: String, CaseIterable, Sendable {
        /// Per-second jobs with a stretch of slots that are all due: how many runs a second the engine does.
        case recurring
        /// One-shots due at one instant: how late they start and how soon all are done.
        case burst
        /// Per-second jobs in real time: how late runs start under a steady load.
        case steady
    }

    package static let email = "bench@example.com"
    package static let password = "correct horse battery"
    private static let createBatch = 1_000
    private static let logger = {
        var logger = Logger(label: "bench") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return logger
    }()

    private let workload: Workload
    private let jobs: Int
    private let slots: Int
    private let place: BenchPlace
    private let nodes: Int
    private let webhookURL: String?
    private let clock = BenchClock()

    /// - Parameters:
    ///   - jobs: jobs, or one-shots.
    ///   - slots: slots of each recurring job; seconds of a steady load.
    ///   - place: where the runs are kept; must be empty.
    ///   - nodes: engines that share the work; one on the embedded store.
    ///   - webhookURL: nil for actions that do nothing.
    package init(workload: Workload, jobs: Int, slots: Int, place: BenchPlace, nodes: Int, webhookURL: String?) {
        self.workload = workload
        self.jobs = jobs
        self.slots = workload == .burst ? 1 : slots
        self.place = place
        self.nodes = nodes
        self.webhookURL = webhookURL
    }

    package func run() async throws -> BenchReport {
        // Before the store is opened, since the embedded one never follows a step back.
        if workload == .recurring { clock.move(to: .seconds(-Int64(slots) - 5)) }
        let loopback = try NetworkRange("127.0.0.0/8")
        let stores = try await place.open(nodes, clock: clock)
        let actions = StandardActions(
            allowedNetworks: [loopback], carrier: SMTPClient(), userAgent: "cronpp-bench", now: { clock.now }, logger: Self.logger)
        let result: Result<BenchReport, any Error>
        do {
            let runner = BenchRunner(
                clock: clock, inner: webhookURL == nil ? nil : actions.registry["webhook"], expected: jobs * slots)
            let begin = try await createJobs(in: stores[0])
            result = .success(try await measure(stores, runner, from: begin))
        } catch {
            result = .failure(error)
        }
        await actions.shutdown()
        for store in stores { await store.close() }
        return try result.get()
    }

    /// Creates the account and the jobs; answers the moment at which their first slots are due.
    private func createJobs(in store: any Store) async throws -> Instant {
        var random = RandomSource()
        let owner = UserID(at: clock.now, using: &random)
        let hash = try await Passwords().hash(Self.password)
        try await store.createUser(
            User(id: owner, email: Self.email, name: nil, passwordHash: hash, createdAt: clock.now), onlyFirst: false,
            audit: nil)
        let (first, schedule) = slotsBegin()
        for batch in stride(from: 0, to: jobs, by: Self.createBatch) {
            let drafts = (batch..<min(batch + Self.createBatch, jobs)).map { number in
                JobDraft(
                    id: JobID(at: clock.now, using: &random), userID: owner,
                    definition: definition(number, schedule, first: first))
            }
            for result in try await store.createJobs(drafts) { _ = try result.get() }
        }
        clock.move(to: .zero)
        return first
    }

    private func slotsBegin() -> (first: Instant, schedule: String) {
        let second = clock.now.wholeSeconds
        let later = second + Int64(jobs / 5_000)
        switch workload {
        case .recurring: return (Instant(seconds: second + 5), "* * * * * *")
        case .steady: return (Instant(seconds: later + 5), "* * * * * *")
        case .burst: return (Instant(seconds: later + 5), Instant(seconds: later + 5).description)
        }
    }

    private func definition(_ number: Int, _ schedule: String, first: Instant) -> JobDefinition {
        let fields: [String: JSONValue] = webhookURL.map { ["url": .string($0)] } ?? [:]
        var definition = JobDefinition(
            name: "bench-\(number)", schedule: schedule, action: ActionDefinition(type: "bench", fields: fields))
        definition.overlap = .allow
        definition.misfire.after = .hours(24)
        if workload != .burst {
            definition.startAt = first
            definition.endAt = first + .seconds(Int64(slots))
        }
        return definition
    }

    private func measure(
        _ stores: [any Store], _ runner: BenchRunner, from first: Instant
    ) async throws -> BenchReport {
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = []
        for store in stores { services.append(.init(service: try await engine(on: store, runner))) }
        let before = try await Usage(stores[0])
        let begin = max(first, clock.now)
        let group = ServiceGroup(configuration: .init(services: services, logger: Self.logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let total = jobs * slots
            while runner.count < total { await clock.wait(until: clock.now + .milliseconds(5)) }
            let acted = clock.now
            while try await stores[0].runCounts()[.success] ?? 0 < total {
                await clock.wait(until: clock.now + .milliseconds(20))
            }
            let report = BenchReport(
                workload: workload.rawValue, action: webhookURL == nil ? "noop" : "webhook", nodes: stores.count,
                runs: total, elapsed: clock.now - begin, acted: acted - begin, delays: runner.sortedDelays,
                used: try await Usage(stores[0]) - before)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return report
        }
    }

    private func engine(on store: any Store, _ runner: BenchRunner) async throws -> Engine {
        var settings = EngineSettings()
        if nodes > 1 || place.isShared { settings.claimLimit = settings.concurrency * 4 }
        let enlistment = Enlistment(store: store, lease: settings.lease, logger: Self.logger)
        let enlistedAt = clock.now
        return Engine(
            node: try await enlistment.enlist(), enlistedAt: enlistedAt, store: store,
            actions: ActionRegistry([runner]),
            vault: Vault(store: store, ring: KeyRing(current: DataDirectory.randomBytes(KeyRing.keyBytes))),
            settings: settings, metrics: EngineMetrics(),
            events: LocalEvents(node: "bench", clock: clock), logger: Self.logger, enlist: enlistment.enlist)
    }
}

/// What the process and the store have used so far.
struct Usage {
    var processTime: Span
    var writtenBytes: Int
    var commits: Int

    init(_ store: any Store) async throws {
        processTime = SystemClock().processTime
        switch store {
        case let store as SQLiteStore:
            writtenBytes = ProcessMetrics.writtenBytes
            commits = store.commitCount
        case let store as PostgresStore:
            (writtenBytes, commits) = try await store.usage()
        default:
            (writtenBytes, commits) = (0, 0)
        }
    }

    static func - (left: Usage, right: Usage) -> Usage {
        var difference = left
        difference.processTime = left.processTime - right.processTime
        difference.writtenBytes -= right.writtenBytes
        difference.commits -= right.commits
        return difference
    }
}
