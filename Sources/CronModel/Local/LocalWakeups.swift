import Synchronization

/// Hints between the nodes of one process: those that were made with the same `LocalHub`. A node alone has nobody to
/// wake.
package final class LocalWakeups: WakeupChannel {
    private let hub: LocalHub
    private let streams = HintStreams()

    package init(hub: LocalHub = LocalHub()) {
        self.hub = hub
        hub.join(streams)
    }

    package func wake() { hub.deliver(from: streams) }
    package func hints() -> AsyncStream<Void> { streams.add() }

    package func close() {
        hub.leave(streams)
        streams.finish()
    }
}

/// The nodes of one process.
package final class LocalHub: Sendable {
    private let members = Mutex<[HintStreams]>([])

    package init() {}

    func join(_ streams: HintStreams) { members.withLock { $0.append(streams) } }
    func leave(_ streams: HintStreams) { members.withLock { $0.removeAll { $0 === streams } } }

    func deliver(from sender: HintStreams) {
        for streams in members.withLock({ $0 }) where streams !== sender { streams.deliver() }
    }
}

/// The streams of one channel, each holding at most one hint.
package final class HintStreams: Sendable {
    private struct State {
        var open: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var last: UInt64 = 0
        var isFinished = false
    }

    private let state = Mutex(State())

    package init() {}

    package func add() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> UInt64? in
            guard !state.isFinished else { return nil }
            state.last += 1
            state.open[state.last] = continuation
            return state.last
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        return stream
    }

    package func deliver() {
        for continuation in state.withLock({ $0.open.values }) { continuation.yield() }
    }

    package func finish() {
        let open = state.withLock { state in
            state.isFinished = true
            return Array(state.open.values)
        }
        // Outside the lock: finishing calls `onTermination`.
        for continuation in open { continuation.finish() }
    }

    private func remove(_ id: UInt64) { state.withLock { _ = $0.open.removeValue(forKey: id) } }
}
