import CronModel
import CronSchedule
import Synchronization

/// Slows guessing down, per account and per address: five failures are free, then each one doubles the wait.
///
/// An attempt counts as a failure from the moment it is let in, and is taken back when it succeeds: otherwise a burst
/// would be through before its first failure is known. The waits are kept in this process; over all nodes together
/// `commonLimit` holds, which one node alone never reaches.
final class LoginThrottle: Sendable {
    static let freeFailures = 5
    /// Without a failure for this long, beyond any wait, everything is forgotten.
    static let window = Span.minutes(15)
    static let firstWait = Span.seconds(1)
    static let longestWait = Span.minutes(15)
    static let tableLimit = 10_000
    /// Failures per account and per address that all nodes together let in. One alone lets in 44 of somebody who knows
    /// when to pause.
    static let commonLimit = 50
    static let commonWindow = Span.hours(1)

    private struct Record {
        var failures = 0
        var blockedUntil: Instant
        var forgottenAt: Instant
    }

    private let clock: any EngineClock
    private let counter: any RateCounter
    private let records = Mutex<[String: Record]>([:])

    init(clock: any EngineClock, counter: any RateCounter) {
        self.clock = clock
        self.counter = counter
    }

    /// Nil lets the attempt in and counts it; otherwise the time to wait.
    func admit(_ keys: [String]) async -> Span? {
        if let wait = admitHere(keys) { return wait }
        var wait: Span?
        for key in keys {
            let count = await counter.count("login:\(key)", window: Self.commonWindow)
            if count.uses > Self.commonLimit { wait = max(wait ?? .zero, count.endsIn) }
        }
        return wait
    }

    private func admitHere(_ keys: [String]) -> Span? {
        let now = clock.now
        return records.withLock { table in
            let waits = keys.compactMap { key in table[key].map { $0.blockedUntil - now } }
            if let wait = waits.max(), wait > .zero { return wait }
            for key in keys { Self.count(key, in: &table, now: now) }
            return nil
        }
    }

    /// The attempt was no guess: forgets the account's failures and takes this one back from the address.
    func succeed(account: String, address: String) async {
        await counter.forget("login:\(account)")
        if !address.isEmpty { await counter.takeBack("login:\(address)") }
        records.withLock { table in
            table[account] = nil
            guard var record = table[address] else { return }
            record.failures -= 1
            record.blockedUntil = clock.now
            table[address] = record.failures > 0 ? record : nil
        }
    }

    private static func count(_ key: String, in table: inout [String: Record], now: Instant) {
        var record = table[key] ?? Record(blockedUntil: now, forgottenAt: now)
        if record.forgottenAt <= now { record.failures = 0 }
        record.failures += 1
        record.blockedUntil = now + wait(afterFailures: record.failures)
        record.forgottenAt = record.blockedUntil + window
        if table[key] == nil, table.count >= tableLimit { makeRoom(in: &table, now: now) }
        table[key] = record
    }

    private static func wait(afterFailures failures: Int) -> Span {
        guard failures >= freeFailures else { return .zero }
        let doublings = min(failures - freeFailures, 20)
        return min(Span(microseconds: firstWait.microseconds << doublings), longestWait)
    }

    /// Drops what is forgotten anyway, else the tenth with the fewest failures: a flood of names does not wash out the
    /// account under attack.
    private static func makeRoom(in table: inout [String: Record], now: Instant) {
        table = table.filter { $0.value.forgottenAt > now }
        guard table.count >= tableLimit else { return }
        for (key, _) in table.sorted(by: { $0.value.failures < $1.value.failures }).prefix(tableLimit / 10) {
            table[key] = nil
        }
    }
}
