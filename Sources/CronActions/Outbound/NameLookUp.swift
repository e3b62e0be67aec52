import CronModel
import CronSchedule
import NIOPosix
import Synchronization

/// Looks names up and judges what they mean. The addresses it returns are the ones that are dialled; nobody looks the
/// name up again, so a name that changes its answer after it was judged gains nothing, and a name of a private address
/// costs neither a dial nor a TLS greeting.
///
/// The system's resolver blocks, so it runs on threads of its own, at most one for each name: a dead name holds up
/// neither an event loop nor other names.
final class NameLookUp: Sendable {
    private static let cacheFor = Span.seconds(5)
    private static let maxCached = 1_000
    private static let threads = 32

    private struct State {
        /// Addresses that passed, and until when that is believed.
        var passed: [String: (addresses: [IPAddress], until: Instant)] = [:]
        /// Who waits for which name; a name is here while its look-up is under way.
        var waiting: [String: [Int: AsyncStream<[IPAddress]>.Continuation]] = [:]
        var lastWaiter = 0
    }

    private let state = Mutex(State())
    private let addresses: AddressGuard
    private let now: @Sendable () -> Instant
    private let resolver: @Sendable (String) -> [IPAddress]
    private let pool = NIOThreadPool(numberOfThreads: threads)

    init(
        addresses: AddressGuard, now: @escaping @Sendable () -> Instant,
        resolver: @escaping @Sendable (String) -> [IPAddress]
    ) {
        self.addresses = addresses
        self.now = now
        self.resolver = resolver
        pool.start()
    }

    /// Nobody waits for the threads: one may hang in a resolver longer than a node takes to stop.
    deinit { pool.shutdownGracefully { _ in } }

    /// The addresses of the name in the resolver's order, once every one of them may be reached; throws `AddressRefusal`
    /// or `UnresolvedName` otherwise, and ends at once when its task is cancelled.
    func judgedAddresses(of name: String) async throws -> [IPAddress] {
        if let passed = state.withLock({ $0.passed[name] }), passed.until > now(), passed.until <= now() + Self.cacheFor
        {
            return passed.addresses
        }
        let found = await lookUp(name)
        try Task.checkCancellation()
        guard let found, !found.isEmpty else { throw UnresolvedName(name: name) }
        // One refused address refuses the name: else whoever owns it could probe private networks by mixed answers.
        if let refusal = found.lazy.compactMap({ self.addresses.refusal(of: $0) }).first { throw refusal }
        let until = now() + Self.cacheFor
        state.withLock {
            if $0.passed.count >= Self.maxCached { $0.passed.removeAll() }
            $0.passed[name] = (found, until)
        }
        return found
    }

    /// Nil when the task is cancelled. Waits on a stream, because that ends with its task, while
    /// getaddrinfo cannot be stopped.
    private func lookUp(_ name: String) async -> [IPAddress]? {
        let (results, result) = AsyncStream.makeStream(of: [IPAddress].self)
        let (waiter, isFirst) = state.withLock { state in
            state.lastWaiter += 1
            let isFirst = state.waiting[name] == nil
            state.waiting[name, default: [:]][state.lastWaiter] = result
            return (state.lastWaiter, isFirst)
        }
        defer { state.withLock { _ = $0.waiting[name]?.removeValue(forKey: waiter) } }
        if isFirst { pool.submit { _ in self.resolve(name) } }
        return await results.first { _ in true }
    }

    private func resolve(_ name: String) {
        // Decided and removed at once: who comes later starts a look-up of their own.
        let isAwaited = state.withLock { state in
            if state.waiting[name]?.isEmpty == false { return true }
            state.waiting[name] = nil
            return false
        }
        guard isAwaited else { return }
        let found = resolver(name)
        let waiting = state.withLock { $0.waiting.removeValue(forKey: name) } ?? [:]
        for result in waiting.values {
            result.yield(found)
            result.finish()
        }
    }
}
