package import CronSchedule
import Synchronization

/// Answers that stay good for a while, by a clock that never jumps.
package final class Remembered<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let until: Span
    }

    private let life: Span
    private let limit: Int
    private let clock: any EngineClock
    private let entries = Mutex<[Key: Entry]>([:])

    package init(for life: Span, limit: Int, clock: any EngineClock) {
        self.life = life
        self.limit = limit
        self.clock = clock
    }

    package subscript(key: Key) -> Value? {
        get {
            let now = clock.uptime
            return entries.withLock { $0[key].flatMap { $0.until > now ? $0.value : nil } }
        }
        set {
            let now = clock.uptime
            entries.withLock { entries in
                if entries[key] == nil, entries.count >= limit { entries = entries.filter { $0.value.until > now } }
                guard let newValue, entries.count < limit || entries[key] != nil else {
                    entries[key] = nil
                    return
                }
                entries[key] = Entry(value: newValue, until: now + life)
            }
        }
    }

    package func removeAll() { entries.withLock { $0.removeAll() } }
}
