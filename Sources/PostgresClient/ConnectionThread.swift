import Foundation

/// A thread of its own for one connection: an actor's executor on which blocking calls are welcome. The cooperative pool
/// has as many threads as the machine has cores, and Dispatch 64 for all queues together; both would run dry.
///
/// `@unchecked Sendable`: `jobs` and `stopped` are touched only while `condition` is held.
final class ConnectionThread: SerialExecutor, @unchecked Sendable {
    private static let stackSize = 1 << 20

    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var stopped = false

    init(name: String) {
        let thread = Thread { [self] in run() }
        thread.name = name
        thread.stackSize = Self.stackSize
        thread.start()
    }

    /// Ends the thread after what is queued. To be called when nobody can enqueue any more.
    func stop() {
        condition.withLock { stopped = true }
        condition.signal()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock { jobs.append(job) }
        condition.signal()
    }

    private func run() {
        while let batch = next() {
            for job in batch { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    private func next() -> [UnownedJob]? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty && !stopped { condition.wait() }
        defer { jobs = [] }
        return jobs.isEmpty ? nil : jobs
    }
}
