import Synchronization

/// How many of this node use something at once. Who finds no place waits in order of arrival, and ends with its task.
final class Slots<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var used: [Key: Int] = [:]
        var waiting: [Key: [Waiter]] = [:]
        var lastWaiter = 0

        mutating func dropIfEmpty(_ key: Key) {
            if waiting[key]?.isEmpty ?? false { waiting[key] = nil }
        }
    }

    private struct Waiter {
        let id: Int
        let entry: AsyncStream<Void>.Continuation
    }

    private let state = Mutex(State())

    /// Nil when the task was cancelled before there was a place.
    func take<Value: Sendable>(
        _ key: Key, of most: Int, _ body: @Sendable () async -> Value
    ) async -> Value? {
        guard await enter(key, most) else { return nil }
        defer { leave(key) }
        return await body()
    }

    private func enter(_ key: Key, _ most: Int) async -> Bool {
        let (entries, entry) = AsyncStream.makeStream(of: Void.self)
        let waiter: Int? = state.withLock { state in
            if state.used[key, default: 0] < most {
                state.used[key, default: 0] += 1
                return nil
            }
            state.lastWaiter += 1
            state.waiting[key, default: []].append(Waiter(id: state.lastWaiter, entry: entry))
            return state.lastWaiter
        }
        guard let waiter else { return true }
        if await entries.first(where: { _ in true }) != nil { return true }
        // Cancelled; the place may have come in the same moment.
        let isGiven = state.withLock { state in
            guard let index = state.waiting[key]?.firstIndex(where: { $0.id == waiter }) else { return true }
            state.waiting[key]?.remove(at: index)
            state.dropIfEmpty(key)
            return false
        }
        if isGiven { leave(key) }
        return false
    }

    /// The place goes to who waits longest.
    private func leave(_ key: Key) {
        let next: Waiter? = state.withLock { state in
            if let next = state.waiting[key]?.first {
                state.waiting[key]?.removeFirst()
                state.dropIfEmpty(key)
                return next
            }
            let left = state.used[key, default: 1] - 1
            state.used[key] = left == 0 ? nil : left
            return nil
        }
        next?.entry.yield()
    }
}
