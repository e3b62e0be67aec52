import CronSchedule
import CronTesting
import Testing

@testable import CronEngine
@testable import CronModel

/// Telling what alert rules have found.
@Suite(.timeLimit(.minutes(1))) struct TellerTests {
    /// Hears nothing of being stopped until a test lets it end.
    private final class Deaf: ActionRunner {
        let type = "alert"
        let secretFields: Set<String> = []
        let (ends, end) = AsyncStream<Void>.makeStream()

        func validate(_ definition: ActionDefinition) -> [FieldProblem] { [] }

        func run(_ attempt: AttemptContext) async -> Outcome {
            let ends = ends
            // Not of its own task, whose cancellation would end the wait.
            await Task.detached { for await _ in ends {} }.value
            return .success
        }
    }

    private let clock = TestClock()
    private let store: FaultyStore

    init() { store = FaultyStore(MemoryStore(clock: clock)) }

    private func teller(_ runners: any ActionRunner...) -> Teller {
        let vault = Vault(store: store, ring: KeyRing(current: [UInt8](repeating: 7, count: 32)))
        let secrets = AttemptSecrets(store: store, vault: vault)
        return Teller(executor: Executor(actions: ActionRegistry(runners), secrets: secrets), clock: clock)
    }

    /// For the clock.
    private func untilItWaits() async throws {
        while clock.waiterCount < 1 {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    private static func notice() -> Notice {
        Notice(
            id: NoticeID(high: 1, low: 1), jobID: JobID(high: 1, low: 2), userID: UserID(high: 1, low: 3), jobName: "j",
            rule: .dead, problem: NoticeID(high: 1, low: 4), isResolved: false, channels: ["ops"], title: "t", text: "t",
            run: nil, createdAt: TestClock.start, dueAt: TestClock.start, attempt: 1)
    }

    @Test func aReceiverThatNeverEndsIsLeftToItself() async throws {
        let deaf = Deaf()
        let teller = teller(deaf)
        let told = Task { await teller.tell([Self.notice()]) }
        try await untilItWaits()
        clock.advance(by: Notice.timeout)
        try await untilItWaits()
        clock.advance(by: EngineSettings.abortGrace)
        let results = await told.value
        #expect(results.map(\.outcome.kind) == [.timeout] && results.map(\.outcome.verdict) == [.transient])
        #expect(clock.now < TestClock.start + Notice.lease, "while the notice is still this node's")
        deaf.end.finish()
    }

    /// What has arrived would be told again.
    @Test func whatCameOfNoticesIsStoredThoughTheStoreFailsAtFirst() async throws {
        store.fail(.settle, .beforeCommit, .afterCommit)
        let teller = teller()
        let end = clock.uptime + Notice.lease
        let stored = Task { [store] in await teller.settle([], by: end, in: store) }
        for _ in 0..<2 {
            try await untilItWaits()
            clock.advance(by: EngineSettings.storeRetry)
        }
        let result = await stored.value
        #expect(throws: Never.self) { try result.get() }
        #expect(store.count(.settle) == 3)
    }

    @Test func itIsNotTriedBeyondTheTimeInWhichTheyAreThisNodes() async throws {
        store.setDown(true)
        let teller = teller()
        let end = clock.uptime + .seconds(1)
        let stored = Task { [store] in await teller.settle([], by: end, in: store) }
        for _ in 0..<3 {
            try await untilItWaits()
            clock.advance(by: EngineSettings.storeRetry)
        }
        let result = await stored.value
        #expect(throws: StoreError.self) { try result.get() }
        #expect(store.count(.settle) == 4)
    }
}
