import CronApp
import CronLockRedis
import CronModel
import CronSchedule
import Synchronization
import Testing

/// One node's ends of a Redis.
struct Party: Sendable {
    let clock: any EngineClock = SystemClock()
    let reports = Reports()
    let link: RedisLink
    let locks: RedisLocks
    let counter: RedisCounter
    let hosts: RedisHosts

    init(_ name: String = "a", _ address: RedisAddress, limits: RedisLimits = .quick) {
        link = RedisLink(address, limits: limits, clock: clock) { [reports] in reports.add($0) }
        locks = RedisLocks(owner: name, link: link)
        counter = RedisCounter(link: link, clock: clock)
        hosts = RedisHosts(node: name, link: link)
    }

    /// One that a loaded machine cannot make late.
    static func patient(_ name: String, _ address: RedisAddress) async throws -> Party {
        var limits = RedisLimits.quick
        limits.call = .seconds(30)
        let party = Party(name, address, limits: limits)
        try #require(await party.link.connect())
        return party
    }

    /// Returns when Redis is there again and grants a lock, however late this machine is.
    func acquireAgain(_ name: String) async {
        repeat { while await !link.connect() {} } while await locks.acquire(name, ttl: .seconds(2)).token == nil
    }

    /// Makes every kind of call.
    /// - Returns: what they answered, and how long the slowest took.
    func callAll() async -> (locks: [LockAnswer], count: RateCount, room: HostGrant?, slowest: Span) {
        var slowest = Span.zero
        func timed<Answer>(_ call: () async -> Answer) async -> Answer {
            let start = clock.uptime
            let answer = await call()
            slowest = max(slowest, clock.uptime - start)
            return answer
        }
        let token = LockToken(name: "extended", owner: "a", serial: 1)
        let taken = await timed { await locks.acquire("taken", ttl: .seconds(2)) }
        let extended = await timed { await locks.extend(token, ttl: .seconds(2)) }
        await timed { await locks.release(token) }
        let count = await timed { await counter.count("counted", window: .minutes(1)) }
        await timed { await counter.takeBack("counted") }
        await timed { await counter.forget("forgotten") }
        let limit = HostLimit(inFlight: 20, rate: StartRate(count: 20, per: .seconds(1)))
        let room = await timed {
            await hosts.ask(HostAsk(host: "host", limit: limit, using: 0, wanted: 20, unmade: 0))
        }
        return ([taken, extended], count, room, slowest)
    }
}

extension RedisLimits {
    /// The usual limit for calls, and dials that a loaded machine cannot make late.
    static var quick: RedisLimits {
        var limits = RedisLimits()
        limits.connect = .seconds(30)
        return limits
    }
}

/// The limit of a call plus what it may take until the caller goes on: 4 ms on a quiet machine, 1.2 s where all suites run
/// at once, 5.7 s with six busy loops beside them on two cores. Without the limit these calls would never end.
let answerLimit = RedisLimits().call + .seconds(10)

/// What a link has told, in order.
final class Reports: Sendable {
    private let told = Mutex<[RedisReport]>([])
    private let (stream, continuation) = AsyncStream<RedisReport>.makeStream()

    var all: [RedisReport] { told.withLock { $0 } }

    func add(_ report: RedisReport) {
        told.withLock { $0.append(report) }
        continuation.yield(report)
    }

    /// Waits for the next report; for one test's task at a time.
    func next() async -> RedisReport? {
        for await report in stream { return report }
        return nil
    }
}

extension LockAnswer {
    var token: LockToken? {
        if case .heldByMe(let token) = self { token } else { nil }
    }
}
