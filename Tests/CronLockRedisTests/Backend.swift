import CronApp
import CronLockRedis
import CronModel
import CronSchedule
import CronTesting
import Testing

/// What keeps locks, counts and hints, and tells events: the behaviour suites run on each.
enum Backend: String, CaseIterable, Sendable {
    case store, redis

    func run(_ test: (any Bench) async throws -> Void) async throws {
        switch self {
        case .store: try await test(LocalBench())
        case .redis: try await RedisServer.run { try await test(RedisBench(server: $0)) }
        }
    }
}

protocol Bench: Sendable {
    func locks(_ owner: String) async throws -> any LockProvider
    func counter() async throws -> any RateCounter
    /// A node's channel and a stream of it on which hints of others will arrive from now on.
    func wakeups(_ node: String) async throws -> (any WakeupChannel, HintReader)
    /// Where something happens and where people watch. What happens from now on reaches whoever watches.
    func events() async throws -> (told: any EventChannel, watched: any EventChannel)
    /// Lets time pass for the backend.
    func pass(_ span: Span) async throws
}

struct LocalBench: Bench {
    let clock = TestClock()
    let table = LockTable()
    let hub = LocalHub()

    func locks(_ owner: String) -> any LockProvider { StoreLocks(owner: owner, clock: clock, table: table) }
    func counter() -> any RateCounter { LocalCounter(clock: clock) }
    func pass(_ span: Span) { clock.advance(by: span) }

    func wakeups(_ node: String) -> (any WakeupChannel, HintReader) {
        let channel = LocalWakeups(hub: hub)
        return (channel, HintReader(channel.hints()))
    }

    func events() -> (told: any EventChannel, watched: any EventChannel) {
        let channel = LocalEvents(node: "b", clock: SystemClock())
        return (channel, channel)
    }
}

struct RedisBench: Bench {
    let server: RedisServer

    func locks(_ owner: String) async throws -> any LockProvider {
        try await Party.patient(owner, server.address).locks
    }

    func counter() async throws -> any RateCounter { try await Party.patient("a", server.address).counter }

    /// By the server's own clock: it answers when it has waited in vain for so long.
    func pass(_ span: Span) async throws {
        let party = try await Party.patient("clock", server.address)
        let seconds = "\(Double(span.microseconds) / 1_000_000)"
        try #require(await party.link.call(["BLPOP", "nothing", seconds]) == .nothing)
    }

    func wakeups(_ node: String) async throws -> (any WakeupChannel, HintReader) {
        let party = try await Party.patient(node, server.address)
        let channel = RedisWakeups(
            node: node, address: try server.address, limits: .quick, link: party.link, clock: party.clock)
        let reader = HintReader(channel.hints())
        // The first says that the channel listens.
        try #require(await reader.next())
        return (channel, reader)
    }

    func events() async throws -> (told: any EventChannel, watched: any EventChannel) {
        let watched = try await events("b").channel
        let reader = EventReader(watched.watch(EventInterest(owner: UserID(high: 0, low: 0)), after: nil))
        // The first gap is every new watcher's, the second says that the node listens.
        try #require(await reader.next()?.event == nil)
        try #require(await reader.next()?.event == nil)
        // A node listens while somebody watches: here until the channel is closed.
        Task { while await reader.next() != nil {} }
        return (try await events("a").channel, watched)
    }

    func events(_ node: String, _ limits: RedisLimits = .quick) async throws -> (channel: RedisEvents, link: RedisLink)
    {
        let party = try await Party.patient(node, server.address)
        let channel = RedisEvents(
            node: node, address: try server.address, limits: limits, link: party.link, clock: party.clock)
        return (channel, party.link)
    }
}

/// Takes hints from a stream, one task at a time.
struct HintReader: Sendable {
    private let stream: AsyncStream<Void>

    init(_ stream: AsyncStream<Void>) {
        self.stream = stream
    }

    /// False when the channel was closed.
    func next() async -> Bool {
        for await _ in stream { return true }
        return false
    }

    /// How many are there when the channel has been closed.
    func rest() async -> Int {
        var count = 0
        for await _ in stream { count += 1 }
        return count
    }
}
