import CronHTTP
import CronModel
import CronSchedule
import CronTesting
import Testing

/// Moves runs through the store as an engine would.
extension TestBed {
    /// Registers the node, plans and claims what is due within five seconds, and starts what is due now.
    func startDueRuns() async throws -> [ClaimToken] {
        try await registerNode()
        let plan = try await store.plan(
            PlanRequest(node: Self.node, lead: .seconds(5), threshold: .seconds(5), claimLimit: 1_000))
        let claim = try await store.claim(ClaimRequest(node: Self.node, lead: .seconds(5), limit: 1_000))
        let tokens = (plan.claims + claim.claims).map(\.token)
        let answers = try await store.start(StartRequest(node: Self.node, tokens: tokens, early: .zero))
        return zip(tokens, answers).compactMap { token, answer in
            if case .started = answer { token } else { nil }
        }
    }

    /// Triggers a job and lets its run fail for good: a dead letter.
    func deadLetter(of job: String) async throws -> RunID {
        var outcome = Outcome(
            kind: .httpError, verdict: .permanent, reach: .answered, httpStatus: 400, error: "refused")
        outcome.output = "no such thing"
        return try await ended(job, outcome)
    }

    /// Triggers a job whose run selects a table.
    func table(of job: String) async throws -> RunID {
        var outcome = Outcome.success
        outcome.output = "who,n\r\nann,1\r\n"
        outcome.isTable = true
        outcome.rows = 1
        return try await ended(job, outcome)
    }

    private func ended(_ job: String, _ outcome: Outcome) async throws -> RunID {
        let run = try await triggered(job)
        for token in try await startDueRuns() {
            _ = try await store.finish([Finish(token: token, outcome: outcome)], node: Self.node)
        }
        return run
    }

    /// A run that waits.
    func triggered(_ job: String) async throws -> RunID {
        let id = try #require(JobID(job))
        return try #require(
            try await store.changeJob(id, owner: nil, version: nil, .trigger(payload: nil)).triggered
        ).id
    }

    func registerNode() async throws {
        let now = clock.now
        _ = try await store.register(
            Node(id: Self.node, pid: 1, host: "here", version: "test", startedAt: now, leaseUntil: now + .hours(24)))
    }
}

extension TestClock {
    func move(to instant: Instant) { advance(by: instant - now) }
}
