import Synchronization

/// Hands a process's events to those who watch here. They all read from one ring, so a watcher costs a number and not a
/// buffer; one that is too slow for the ring gets a gap.
package final class EventHub: Sendable {
    private struct Watcher {
        let interest: EventInterest
        let signal: AsyncStream<Void>.Continuation
        /// The first item that concerns it and that it has not taken.
        var firstWaiting: UInt64?
        /// The number of a gap that comes before everything else.
        var gapAt: UInt64?
    }

    private struct State {
        var ring = EventRing()
        var watchers: [UInt64: Watcher] = [:]
        var byOwner: [UserID: Set<UInt64>] = [:]
        var lastWatcher: UInt64 = 0
        var isClosed = false

        /// Notes an item for watchers; answers the signals of those who had nothing waiting.
        mutating func mark(_ watchers: some Sequence<UInt64>, _ item: UInt64) -> [AsyncStream<Void>.Continuation] {
            watchers.compactMap { number in
                guard var watcher = self.watchers[number], watcher.firstWaiting == nil else { return nil }
                watcher.firstWaiting = item
                self.watchers[number] = watcher
                return watcher.signal
            }
        }
    }

    private let node: String
    private let state = Mutex(State())

    /// - Parameter node: makes this process's ids different from those of others, and of those it had before a restart.
    package init(node: String) {
        self.node = node
    }

    package var isWatched: Bool { state.withLock { !$0.watchers.isEmpty } }

    package func deliver(_ batch: EventBatch) {
        let signals = state.withLock { state in
            var signals: [AsyncStream<Void>.Continuation] = []
            for event in batch.events {
                let number = state.ring.append(.event(event))
                let concerned = (state.byOwner[event.owner] ?? []).filter {
                    state.watchers[$0]?.interest.includes(event) == true
                }
                signals += state.mark(concerned, number)
            }
            for owner in batch.gaps {
                let number = state.ring.append(.gap(owner))
                signals += state.mark(state.byOwner[owner] ?? [], number)
            }
            if batch.isGapForAll {
                let number = state.ring.append(.gap(nil))
                signals += state.mark(state.watchers.keys, number)
            }
            return signals
        }
        for signal in signals { signal.yield() }
    }

    package func watch(_ interest: EventInterest, after last: String?) -> EventWatch {
        let (stream, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state -> UInt64? in
            guard !state.isClosed else { return nil }
            state.lastWatcher += 1
            var watcher = Watcher(interest: interest, signal: signal)
            if let seen = last.flatMap(number(of:)), seen <= state.ring.newest, seen + 1 >= state.ring.oldest {
                watcher.firstWaiting = seen + 1
            } else {
                watcher.gapAt = state.ring.newest
            }
            state.watchers[state.lastWatcher] = watcher
            state.byOwner[interest.owner, default: []].insert(state.lastWatcher)
            return state.lastWatcher
        }
        if number == nil { signal.finish() } else { signal.yield() }
        return EventWatch(hub: self, number: number ?? 0, signals: stream, signal: signal)
    }

    package var newest: String { id(state.withLock { $0.ring.newest }) }

    package func close() {
        let watchers = state.withLock { state in
            state.isClosed = true
            state.byOwner = [:]
            defer { state.watchers = [:] }
            return state.watchers.values
        }
        for watcher in watchers { watcher.signal.finish() }
    }
}

// MARK: - Watchers

extension EventHub {
    /// What concerns a watcher and it has not taken yet.
    func take(_ watcher: UInt64) -> [WatchedEvent] {
        state.withLock { state in
            guard let known = state.watchers[watcher] else { return [] }
            state.watchers[watcher]?.firstWaiting = nil
            state.watchers[watcher]?.gapAt = nil
            if let first = known.firstWaiting, first < state.ring.oldest {
                return [WatchedEvent(id: id(state.ring.newest), event: nil)]
            }
            let gap = known.gapAt.map { WatchedEvent(id: id($0), event: nil) }
            let rest = known.firstWaiting.map { state.ring.items(from: $0, for: known.interest) } ?? []
            return (gap.map { [$0] } ?? []) + rest.map { WatchedEvent(id: id($0.number), event: $0.event) }
        }
    }

    func leave(_ watcher: UInt64) {
        state.withLock { state in
            guard let owner = state.watchers.removeValue(forKey: watcher)?.interest.owner else { return }
            state.byOwner[owner]?.remove(watcher)
            if state.byOwner[owner]?.isEmpty == true { state.byOwner[owner] = nil }
        }
    }

    private func id(_ number: UInt64) -> String { "\(node)-\(number)" }

    private func number(of id: String) -> UInt64? {
        guard id.hasPrefix(node + "-"), let number = UInt64(id.dropFirst(node.count + 1)), self.id(number) == id
        else { return nil }
        return number
    }
}
