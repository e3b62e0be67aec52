import CronEngine
import CronModel
import CronSchedule

/// Drives a node's core by hand: events in, effects out, time as an argument.
struct CoreHarness {
    static let start = Instant(seconds: 1_800_000_000)

    var now = CoreHarness.start
    var core: NodeCore
    var random = RandomSource(seed: 7)
    let node: NodeID
    /// When a heartbeat was sent that has not been answered.
    var unanswered: Instant?

    init(_ settings: EngineSettings = EngineSettings()) {
        var random = RandomSource(seed: 1)
        node = NodeID(at: Self.start, using: &random)
        core = NodeCore(node: node, settings: settings, now: Self.start)
    }

    mutating func tick(after span: Span = .zero) -> [EngineEffect] {
        now = now + span
        return core.tick(now: now)
    }

    @discardableResult
    mutating func handle(_ event: EngineEvent) -> [EngineEffect] { core.handle(event, now: now) }

    static let space = UserID(high: 1, low: 1)

    mutating func claim(
        dueIn span: Span = .zero, fence: Int64 = 1, priority: Int = 0, space: UserID = space, host: String? = nil,
        age: Span = .zero
    ) -> Claim {
        Claim(
            token: ClaimToken(runID: RunID(at: now, using: &random), fence: fence),
            jobID: JobID(at: now, using: &random), userID: space,
            scheduledFor: now + span - age, dueAt: now + span, priority: priority,
            action: ActionDefinition(type: "test", fields: host.map { ["host": .string($0)] } ?? [:]))
    }

    /// Answers the look that is under way.
    mutating func look(
        nextSlot: Instant? = nil, nextDueAt: Instant? = nil, forLost: Bool = false, mayBeLost: Bool = false
    ) -> [EngineEffect] {
        let answer = LookAnswer(nextSlot: nextSlot, nextDueAt: nextDueAt, mayBeLost: mayBeLost)
        return handle(.looked(.success(answer), forLost: forLost))
    }

    /// Gives claims to the core as the answer to a poll.
    @discardableResult
    mutating func take(_ claims: [Claim]) -> [EngineEffect] {
        var answer = ClaimAnswer()
        answer.claims = claims
        return handle(.claimed(.success(answer)))
    }

    func context(_ claim: Claim, timeout: Span = .seconds(10)) -> AttemptContext {
        AttemptContext(
            runID: claim.token.runID, jobID: claim.jobID, userID: claim.userID, jobName: "job",
            scheduledFor: claim.dueAt, zone: "", attempt: 1, fence: claim.token.fence,
            action: ActionDefinition(type: "test", fields: [:]), payload: .null, timeout: timeout,
            delivery: .atLeastOnce)
    }

    /// Takes a claim all the way to its execution.
    mutating func run(_ claim: Claim, timeout: Span = .seconds(10)) {
        take([claim])
        for request in tick().starts {
            handle(
                .started(
                    request, .success([.started(context(claim, timeout: timeout), dueAt: claim.dueAt)]), took: .zero))
        }
        _ = tick()
    }
}

extension [EngineEffect] {
    var starts: [StartRequest] { compactMap { if case .start(let request) = $0 { request } else { nil } } }
    var executions: [AttemptContext] { compactMap { if case .execute(let context) = $0 { context } else { nil } } }
    var hostAsks: [HostAsk] { compactMap { if case .askHost(let ask) = $0 { ask } else { nil } } }
    var aborts: [ClaimToken] { compactMap { if case .abort(let token) = $0 { token } else { nil } } }
    var finishes: [Finish] {
        flatMap { effect -> [Finish] in if case .finish(let batch) = effect { batch } else { [] } }
    }
    /// For each look whether it asks for what is lost.
    var looks: [Bool] { compactMap { if case .look(let forLost) = $0 { forLost } else { nil } } }
    var plans: [PlanRequest] { compactMap { if case .plan(let request) = $0 { request } else { nil } } }
    var claims: [ClaimRequest] { compactMap { if case .claim(let request) = $0 { request } else { nil } } }
    var handBacks: [ClaimToken] {
        flatMap { effect -> [ClaimToken] in if case .handBack(let tokens) = effect { tokens } else { [] } }
    }
    var isStopped: Bool { contains { if case .stopped = $0 { true } else { false } } }
}
