import CronModel
import CronSchedule

@testable import CronEngine

/// What may happen to two nodes that share the limits of a few hosts, told by one seeded source.
struct HostStory {
    private static let hosts: [String?] = ["a", "b", "c", nil]
    private static let limit = HostLimit(inFlight: 3, rate: StartRate(count: 5, per: .seconds(2)))

    private var random: RandomSource
    private let isShared: Bool
    private var benches: [HostBench]
    private var requests: [[(request: StartRequest, sentAt: Instant)]]
    private var asks: [[HostAsk]]
    private var running: [[Claim]]
    private var ended: Set<RunID> = []
    private var postponed: [(node: Int, claim: Claim, at: Instant)] = []
    /// What an honest counter knows.
    private var said: [String: [Int: Int]] = [:]
    private var granted: [String: [Instant]] = [:]
    private var sent: [String: [[Instant]]] = [:]
    private var isAway = false
    private var wasAway = false
    private(set) var problems: [String] = []

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
        isShared = seed % 2 == 0
        let limits = HostLimits(standard: Self.limit)
        let shared = isShared
        benches = (0..<2).map { _ in
            HostBench(limits, isShared: shared) { settings in
                settings.concurrency = 8
                settings.spaceInFlight = seed % 3 == 0 ? 2 : nil
            }
        }
        requests = [[], []]
        asks = [[], []]
        running = [[], []]
    }

    private mutating func chance(_ share: Double) -> Bool { random.fraction() < share }
    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            let node = pick(2)
            switch pick(10) {
            case 0...2:
                let host = Self.hosts[pick(4)]
                let count = 1 + pick(4)
                benches[node].claim(count, for: host, space: UserID(high: 3, low: UInt64(pick(3))))
            case 3, 4: if !requests[node].isEmpty { answer(node, requests[node].removeFirst()) }
            case 5, 6: end(node)
            case 7: if !asks[node].isEmpty { answer(node, asks[node].remove(at: pick(asks[node].count))) }
            case 8: if isShared, chance(0.05) { isAway.toggle() }
            default: pass(.milliseconds(Int64(pick(300))))
            }
            wasAway = wasAway || isAway
            tick(node)
        }
    }

    /// Everything is answered and ends; then nothing may be left.
    mutating func calmDown() {
        isAway = false
        for _ in 0..<20_000 where benches.contains(where: { $0.harness.core.heldCount > 0 }) {
            for node in 0..<2 {
                while !requests[node].isEmpty { answer(node, requests[node].removeFirst(), isCalm: true) }
                while !asks[node].isEmpty { answer(node, asks[node].removeFirst()) }
                tick(node)
                end(node)
            }
            let next = benches.compactMap(\.harness.core.nextTick).min() ?? benches[0].now
            pass(max(.milliseconds(1), min(next - benches[0].now, .seconds(1))))
        }
        for bench in benches where bench.harness.core.heldCount > 0 {
            problems.append("\(bench.harness.core.heldCount) runs are left, \(bench.waiting) of them wait for hosts")
        }
    }

    private mutating func pass(_ span: Span) {
        for node in 0..<2 {
            benches[node].harness.now = benches[node].harness.now + span
            tick(node)
        }
    }

    private mutating func tick(_ node: Int) {
        let effects = benches[node].tick()
        let now = benches[node].now
        requests[node] += effects.starts.map { ($0, now) }
        asks[node] += effects.hostAsks
        for context in effects.executions {
            guard let claim = benches[node].claims.values.first(where: { $0.token.runID == context.runID }) else {
                continue
            }
            running[node].append(claim)
            if let host = claim.action?.fields["host"]?.stringValue { check(node, host) }
        }
    }

    private mutating func check(_ node: Int, _ host: String) {
        let now = benches[node].now
        sent[host, default: [[], []]][node].append(now)
        let here = running.map { $0.count(for: host) }
        let lately = (sent[host] ?? []).map { $0.count { $0 + .milliseconds(1_000) > now } }
        // Each node keeps to the limits; together they do as long as the counter has always been there.
        let isTogether = isShared && !wasAway
        let most = isTogether ? here.reduce(0, +) : here.max() ?? 0
        let starts = isTogether ? lately.reduce(0, +) : lately.max() ?? 0
        if most > 3 { problems.append("\(most) under way at \(host)") }
        if starts > 5 { problems.append("\(starts) starts at \(host) within a second") }
    }

    private mutating func answer(
        _ node: Int, _ sent: (request: StartRequest, sentAt: Instant), isCalm: Bool = false
    ) {
        let (request, now) = (sent.request, benches[node].now)
        let took = now - sent.sentAt
        if !isCalm, chance(0.1) {
            benches[node].harness.handle(.started(request, .failure(.unavailable("away")), took: took))
            return
        }
        let answers = request.tokens.map { token -> StartAnswer in
            guard let claim = benches[node].claims[token] else { return .stale }
            if let until = request.postponed[token] { return .delayed(until: until) }
            switch isCalm ? 9 : pick(10) {
            case 0: return .putBack(until: now + .milliseconds(5))
            case 1: return [.parked, .skipped, .stale, .delayed(until: now + .minutes(1))][pick(4)]
            default:
                return .started(benches[node].harness.context(claim, timeout: .hours(1)), dueAt: max(claim.dueAt, now))
            }
        }
        benches[node].harness.handle(.started(request, .success(answers), took: took))
    }

    private mutating func end(_ node: Int) {
        guard !running[node].isEmpty else { return }
        benches[node].end(running[node].remove(at: pick(running[node].count)))
    }

    /// The honest counter, which forgets nothing.
    private mutating func answer(_ node: Int, _ ask: HostAsk) {
        guard !isAway else { return benches[node].answer(ask, nil) }
        let now = benches[node].now
        let others = (said[ask.host] ?? [:]).filter { $0.key != node }.values.reduce(0, +)
        var starts = granted[ask.host, default: []]
        starts.removeLast(min(ask.unmade, starts.count))
        starts.removeAll { $0 + .seconds(2) <= now }
        let room = max(0, min(ask.wanted, 3 - others - ask.using, 5 - starts.count))
        granted[ask.host] = starts + Array(repeating: now, count: room)
        said[ask.host, default: [:]][node] = ask.using + room
        let next = starts.count >= 5 ? starts[0] + .seconds(2) - now : nil
        benches[node].answer(ask, HostGrant(starts: room, nextIn: next))
    }
}
