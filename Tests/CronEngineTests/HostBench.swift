import CronModel
import CronSchedule

@testable import CronEngine

/// A node whose target hosts have limits, and what its runs are doing.
struct HostBench {
    var harness: CoreHarness
    private(set) var claims: [ClaimToken: Claim] = [:]

    init(_ limits: HostLimits, isShared: Bool = false, _ change: (inout EngineSettings) -> Void = { _ in }) {
        var settings = EngineSettings()
        settings.batchesInFlight = 1_000
        // Nobody renews it here.
        settings.lease = .hours(1)
        settings.hosts = TargetHosts(limits: limits, isShared: isShared) { $0.fields["host"]?.stringValue }
        change(&settings)
        harness = CoreHarness(settings)
    }

    var now: Instant { harness.now }
    var waiting: Int { harness.core.waitingForHostCount }

    @discardableResult
    mutating func claim(
        _ count: Int, for host: String?, space: UserID = CoreHarness.space, dueIn span: Span = .zero, age: Span = .zero
    ) -> [Claim] {
        let new = (0..<count).map { _ in harness.claim(dueIn: span, space: space, host: host, age: age) }
        for claim in new { claims[claim.token] = claim }
        harness.take(new)
        return new
    }

    /// What it decides to do now; the store takes every outcome.
    mutating func tick(after span: Span = .zero) -> [EngineEffect] {
        let effects = harness.tick(after: span)
        for case .finish(let batch) in effects {
            harness.handle(.finished(batch, .success(batch.map { _ in .applied(.success, dueAt: nil) })))
        }
        return effects
    }

    /// Ticks until nothing more starts; every start is made and sent.
    /// - Returns: what has started, in order, and what was asked meanwhile.
    mutating func go(after span: Span = .zero) -> (started: [Claim], asks: [HostAsk]) {
        var started: [Claim] = []
        var effects = tick(after: span)
        var asks = effects.hostAsks
        while true {
            let requests = effects.starts.filter(\.postponed.isEmpty)
            guard !requests.isEmpty else { return (started, asks) }
            for request in requests {
                let made = request.tokens.compactMap { claims[$0] }
                started += made
                let answers = made.map { StartAnswer.started(harness.context($0, timeout: .hours(1)), dueAt: $0.dueAt) }
                harness.handle(.started(request, .success(answers), took: .zero))
            }
            effects = tick()
            asks += effects.hostAsks
        }
    }

    mutating func end(_ claim: Claim) { harness.handle(.ended(claim.token, .success)) }

    mutating func answer(_ ask: HostAsk, _ grant: HostGrant?) { harness.handle(.hostAnswered(ask, grant)) }
}

extension [Claim] {
    func count(for host: String) -> Int { count { $0.action?.fields["host"]?.stringValue == host } }
}
