import Foundation

/// A few threads for calls that block: the cooperative pool has as many threads as the machine has cores, and all tasks
/// would wait for a slow mail server. A thread is started when there is work and none is idle.
///
/// `@unchecked Sendable`: all that changes is touched only while `condition` is held.
final class MailThreads: @unchecked Sendable {
    private static let stackSize = 1 << 20

    private let most: Int
    private let waitingLimit: Int
    private let condition = NSCondition()
    private var waiting: [@Sendable () -> Void] = []
    private var threads = 0
    private var running = 0
    private var isClosed = false

    init(most: Int, waiting: Int) {
        self.most = most
        waitingLimit = waiting
    }

    /// False when too many wait. What has been let in runs, also after `close`: it must look whether it still should.
    func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed, running + waiting.count < most + waitingLimit else { return false }
        waiting.append(work)
        if running + waiting.count > threads, threads < most { start() } else { condition.signal() }
        return true
    }

    /// Threads end when nothing is left.
    func close() {
        condition.withLock { isClosed = true }
        condition.broadcast()
    }

    private func start() {
        threads += 1
        let thread = Thread { [self] in
            // Before 7.87 libcurl lets its TLS library write to sockets that the server may have closed, and leaves the
            // signal to its callers.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            while let work = next() {
                work()
                condition.withLock { running -= 1 }
            }
        }
        thread.name = "cronpp-mail"
        thread.stackSize = Self.stackSize
        thread.start()
    }

    private func next() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        while waiting.isEmpty, !isClosed { condition.wait() }
        guard !waiting.isEmpty else {
            threads -= 1
            return nil
        }
        running += 1
        return waiting.removeFirst()
    }
}
