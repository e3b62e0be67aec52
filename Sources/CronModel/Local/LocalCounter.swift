package import CronSchedule
import Synchronization

/// Counts of this process only.
package final class LocalCounter: RateCounter {
    package static let tableLimit = 10_000

    private struct Window {
        var uses: Int
        var endsAt: Span
    }

    private let clock: any EngineClock
    private let windows = Mutex<[String: Window]>([:])

    package init(clock: any EngineClock) {
        self.clock = clock
    }

    /// The number of keys in the table.
    package var size: Int { windows.withLock { $0.count } }

    package func count(_ key: String, window: Span) async -> RateCount {
        let now = clock.uptime
        return windows.withLock { table in
            var current = table[key] ?? Window(uses: 0, endsAt: now)
            if current.endsAt <= now { current = Window(uses: 0, endsAt: now + window) }
            current.uses += 1
            if table[key] == nil, table.count >= Self.tableLimit { Self.makeRoom(in: &table, now: now) }
            table[key] = current
            return RateCount(uses: current.uses, endsIn: current.endsAt - now)
        }
    }

    package func takeBack(_ key: String) async {
        windows.withLock { table in
            guard let uses = table[key]?.uses else { return }
            table[key]?.uses = max(0, uses - 1)
        }
    }

    package func forget(_ key: String) async { windows.withLock { $0[key] = nil } }

    /// Drops what has ended, else the tenth with the fewest uses: a flood of keys does not wash out the one it hides.
    private static func makeRoom(in table: inout [String: Window], now: Span) {
        table = table.filter { $0.value.endsAt > now }
        guard table.count >= tableLimit else { return }
        for (key, _) in table.sorted(by: { $0.value.uses < $1.value.uses }).prefix(tableLimit / 10) {
            table[key] = nil
        }
    }
}
