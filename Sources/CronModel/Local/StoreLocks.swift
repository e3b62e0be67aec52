package import CronSchedule
import Synchronization

/// Locks of one process: what there is without Redis. A node is the only owner there and is always granted; owners that
/// share a `LockTable` exclude each other.
package struct StoreLocks: LockProvider {
    package let description = "store"
    private let owner: String
    private let table: LockTable
    private let clock: any EngineClock

    package init(owner: String, clock: any EngineClock, table: LockTable = LockTable()) {
        self.owner = owner
        self.clock = clock
        self.table = table
    }

    package func acquire(_ name: String, ttl: Span) async -> LockAnswer {
        let token = LockToken(name: name, owner: owner, serial: .random(in: .min ... .max))
        let now = clock.uptime
        return table.change(name, at: now) { holder in
            if let holder, !holder.hold.hasPrefix(LockToken.prefix(owner)) { return .heldByOther }
            holder = LockTable.Holder(hold: token.hold, until: now + ttl)
            return .heldByMe(token)
        }
    }

    package func extend(_ token: LockToken, ttl: Span) async -> LockAnswer {
        let now = clock.uptime
        return table.change(token.name, at: now) { holder in
            guard holder?.hold == token.hold else { return .heldByOther }
            holder?.until = now + ttl
            return .heldByMe(token)
        }
    }

    package func release(_ token: LockToken) async {
        table.change(token.name, at: clock.uptime) { holder in
            if holder?.hold == token.hold { holder = nil }
        }
    }
}

/// Who holds which lock of this process.
package final class LockTable: Sendable {
    struct Holder {
        var hold: String
        var until: Span
    }

    private struct State {
        var holders: [String: Holder] = [:]
        /// At this many names those that have expired are dropped.
        var sweepSize = LockTable.leastSweepSize
    }

    private static let leastSweepSize = 1_000

    private let state = Mutex(State())

    package init() {}

    func change<Answer: Sendable>(_ name: String, at now: Span, _ step: (inout Holder?) -> Answer) -> Answer {
        state.withLock { state in
            if state.holders.count >= state.sweepSize {
                state.holders = state.holders.filter { $0.value.until > now }
                // Twice what is left, or a table of many live locks would be swept at every call.
                state.sweepSize = max(Self.leastSweepSize, state.holders.count * 2)
            }
            var holder = state.holders[name]
            if let held = holder, held.until <= now { holder = nil }
            let answer = step(&holder)
            state.holders[name] = holder
            return answer
        }
    }
}
