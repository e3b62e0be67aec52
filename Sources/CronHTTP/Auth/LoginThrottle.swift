package import CronModel
import CronSchedule
import Synchronization

/// Slows down password guessing, for each account and for each address: five failures in 15 minutes, then a wait that
/// doubles from 1 s to 15 min with each further one.
package final class LoginThrottle: Sendable {
    static let freeFailures = 5
    static let window = Span.minutes(15)
    /// Accounts and addresses remembered; the one least recently failed is forgotten first.
    static let limit = 100_000

    private struct Failures {
        var count: Int
        var last: Instant
    }

    private let clock: any EngineClock
    private let table = Mutex<[String: Failures]>([:])

    package init(clock: any EngineClock) { self.clock = clock }

    /// The whole seconds to wait before the next try, or nil when one may be made now.
    func wait(account: String, address: String) -> Int64? {
        let now = clock.now
        let until = table.withLock { table in
            [Self.account(account), Self.address(address)].compactMap { table[$0].flatMap(Self.blockedUntil) }.max()
        }
        guard let until, until > now else { return nil }
        return max(1, ((until - now).microseconds + 999_999) / 1_000_000)
    }

    func failed(account: String, address: String) {
        let now = clock.now
        table.withLock { table in
            if table.count >= Self.limit { Self.forget(&table, now: now) }
            for key in [Self.account(account), Self.address(address)] {
                var failures = table[key] ?? Failures(count: 0, last: now)
                if now - failures.last > Self.window { failures.count = 0 }
                failures.count += 1
                failures.last = now
                table[key] = failures
            }
        }
    }

    /// The address keeps its count: one good account does not wash off guesses at others.
    func succeeded(account: String) { table.withLock { $0[Self.account(account)] = nil } }

    private static func blockedUntil(_ failures: Failures) -> Instant? {
        let over = failures.count - freeFailures
        guard over >= 0 else { return nil }
        return failures.last + min(Span.seconds(1 << Int64(min(over, 10))), window)
    }

    private static func forget(_ table: inout [String: Failures], now: Instant) {
        table = table.filter { now - $0.value.last <= window }
        if table.count >= limit, let oldest = table.min(by: { $0.value.last < $1.value.last }) {
            table[oldest.key] = nil
        }
    }

    private static func account(_ email: String) -> String { "account \(email)" }
    private static func address(_ address: String) -> String { "address \(address)" }
}
