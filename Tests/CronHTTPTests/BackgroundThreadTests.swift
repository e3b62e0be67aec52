import Foundation
import Synchronization
import Testing

@testable import CronHTTP

@Suite struct BackgroundThreadTests {
    private final class Flag: Sendable {
        let isUp = Mutex(false)
    }

    /// Work that keeps every core busy until a task has run: on threads that tasks share, none would.
    @Test(.timeLimit(.minutes(1))) func tasksGoOnBesideIt() async {
        let flag = Flag()
        await withTaskGroup { group in
            for _ in 0...ProcessInfo.processInfo.activeProcessorCount {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        BackgroundThread.run {
                            while !flag.isUp.withLock({ $0 }) {}
                            continuation.resume()
                        }
                    }
                }
            }
            group.addTask {
                for _ in 0..<100 { await Task.yield() }
                flag.isUp.withLock { $0 = true }
            }
        }
    }

    @Test func itGivesWayToOthers() async {
        @Sendable func niceness() -> Int32 {
            #if canImport(Glibc)
                return getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
            #else
                return getpriority(PRIO_PROCESS, 0)
            #endif
        }
        let inside = await withCheckedContinuation { continuation in
            BackgroundThread.run { continuation.resume(returning: niceness()) }
        }
        #expect(inside == min(19, niceness() + BackgroundThread.niceness))
    }
}
