import CronModel
import CronSchedule
import Dispatch
import Synchronization
import Testing

@testable import CronActions

/// What one space may keep others from.
@Suite(.timeLimit(.minutes(2))) struct SQLShareTests {
    private let ann = UserID(high: 1, low: 1)
    private let bob = UserID(high: 2, low: 2)

    @Test func noSpaceHasAllThreads() async throws {
        let threads = SQLiteThreads()
        let (entries, entry) = AsyncStream.makeStream(of: Void.self)
        let end = DispatchSemaphore(value: 0)
        let crowd = Crowd()
        let tasks = (0..<SQLiteThreads.count).map { _ in
            Task { [ann] in
                try await threads.run(for: ann) {
                    crowd.enter()
                    entry.yield()
                    end.wait()
                    crowd.leave()
                }
            }
        }
        var entered = entries.makeAsyncIterator()
        for _ in 0..<SQLiteThreads.countOfSpace { await entered.next() }
        #expect(try await threads.run(for: bob) { 7 } == 7)
        // Who waits ends with their task.
        let waiting = Task { [ann] in try await threads.run(for: ann) { 8 } }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        let driver = SQLiteDriver(path: try SQLKind.freshDirectory() + "/shop.db", threads: threads, space: ann)
        let limits = SQLLimits(total: .milliseconds(100), statement: .seconds(5), lock: .seconds(5))
        await #expect { try await driver.test(limits: limits) } throws: {
            ($0 as? SQLFailure)?.cause == .outOfTime && ($0 as? SQLFailure)?.reach == .nothingSent
        }
        for _ in tasks { end.signal() }
        for task in tasks { try await task.value }
        #expect(crowd.most == SQLiteThreads.countOfSpace)
    }

    @Test func whoWaitsForALockHearsOfAnEnd() async throws {
        let bed = try SQLKind.sqlite.bed()
        _ = try bed.ask("BEGIN IMMEDIATE")
        let waiting = Task { await bed.run(["sql": "SELECT 1", "lock_timeout": "10m"], timeout: .minutes(20)) }
        let driver = bed.databases.driver(for: try bed.databases.definition(bed.connection), of: ann)
        let work = SQLWork(
            purpose: .verify, token: ClaimToken(runID: RunID(high: 4, low: 4), fence: 1), statements: [], usesTransaction: true,
            keepsLedger: true, maxRows: 1)
        let limits = SQLLimits(total: .milliseconds(200), statement: .minutes(10), lock: .minutes(10))
        await #expect { try await driver.run(work, limits: limits) } throws: {
            ($0 as? SQLFailure)?.cause == .outOfTime && ($0 as? SQLFailure)?.reach == .nothingSent
        }
        waiting.cancel()
        #expect(await waiting.value.kind == .cancelled)
        // It still waits for as long as it was told, and no longer.
        let busy = await bed.run(["sql": "SELECT 1", "lock_timeout": "300ms"], run: RunID(high: 4, low: 5))
        #expect(busy.kind == .sqlError && busy.verdict == .transient && busy.error?.contains("locked") == true, "\(busy)")
    }
}

/// How many are somewhere at once.
private final class Crowd: Sendable {
    private let counts = Mutex((now: 0, most: 0))

    var most: Int { counts.withLock { $0.most } }
    func enter() { counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
    func leave() { counts.withLock { $0.now -= 1 } }
}
