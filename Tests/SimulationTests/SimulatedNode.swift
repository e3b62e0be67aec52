import CronEngine
import CronModel
import CronSchedule
import CronTesting

/// The shell around one node's core, as `Engine` is, in virtual time: it performs effects and hands back what came of them.
/// It crashes, freezes, drains and comes back as a new incarnation.
final class SimulatedNode {
    let number: Int
    private unowned let simulation: Simulation
    private var id = NodeID(high: 0, low: 0)
    private var incarnation = 0
    private var core: NodeCore?
    private var isFrozen = false
    private var isCutOff = false
    /// What arrived while frozen.
    private var mailbox: [(Instant) -> EngineEvent] = []
    /// By token, the numbers of attempts.
    private var underWay: [ClaimToken: Int] = [:]
    private var attemptNumber = 0
    private var timerNumber = 0
    private var ticks = (second: Instant(microseconds: 0), count: 0)

    init(number: Int, in simulation: Simulation) {
        self.number = number
        self.simulation = simulation
    }

    var isUp: Bool { core != nil }
    private var now: Instant { simulation.clock.now }
}

// MARK: - Life

extension SimulatedNode {
    func boot() {
        incarnation += 1
        let mine = incarnation
        id = NodeID(at: now, using: &simulation.random)
        let booted = now
        let node = Node(
            id: id, pid: Int32(number), host: "host-\(number)", version: "v", startedAt: now,
            leaseUntil: now + Simulation.settings.lease)
        simulation.line.call(.register(node)) { [self] result in
            guard mine == incarnation else { return }
            guard case .success = result else { return simulation.after(.milliseconds(300), boot) }
            core = NodeCore(node: node.id, settings: settings, now: booted)
            advance([])
        }
    }

    /// Another incarnation of the same process: what runs goes on.
    private func enlist() {
        let mine = incarnation
        let sentAt = now
        let fresh = NodeID(at: now, using: &simulation.random)
        let node = Node(
            id: fresh, pid: Int32(number), host: "host-\(number)", version: "v", startedAt: now,
            leaseUntil: now + Simulation.settings.lease)
        simulation.line.call(.register(node)) { [self] result in
            guard mine == incarnation else { return }
            if case .success = result { id = fresh }
            post { _ in .enlisted(result.map { _ in fresh }, sentAt: sentAt) }
        }
    }

    private var settings: EngineSettings {
        var settings = Simulation.settings
        // In every third story hosts have limits, and in half of those nodes count together.
        if simulation.seed.isMultiple(of: 3) {
            let limit = HostLimit(inFlight: 2, rate: StartRate(count: 20, per: .seconds(1)))
            settings.hosts = TargetHosts(
                limits: HostLimits(standard: limit), isShared: simulation.seed.isMultiple(of: 2),
                host: { $0.fields["edit"]?.integerValue.map { "host-\($0 % 3)" } })
        }
        if simulation.plant == .lostSlot {
            settings.retention = .zero
            settings.pruneInterval = .seconds(1)
        }
        return settings
    }

    /// kill -9, and a restart by whoever supervises it.
    func crash() {
        simulation.tell("node \(number) (\(id)) ends")
        incarnation += 1
        core = nil
        isFrozen = false
        isCutOff = false
        mailbox = []
        underWay = [:]
        let mine = incarnation
        simulation.after(simulation.span(1...3_000)) { [self] in if mine == incarnation { boot() } }
    }

    /// SIGSTOP for a while: what happens meanwhile is seen late.
    func freeze(for span: Span) {
        guard isUp, !isFrozen else { return }
        simulation.tell("node \(number) (\(id)) freezes for \(span)")
        isFrozen = true
        let mine = incarnation
        simulation.after(span) { [self] in if mine == incarnation { thaw() } }
    }

    /// The network between it and the database breaks.
    func cutOff(for span: Span) {
        guard isUp, !isCutOff else { return }
        simulation.tell("node \(number) (\(id)) is cut off for \(span)")
        isCutOff = true
        let mine = incarnation
        simulation.after(span) { [self] in if mine == incarnation { isCutOff = false } }
    }

    func calm() {
        isCutOff = false
        thaw()
    }

    private func thaw() {
        guard isFrozen else { return }
        simulation.tell("node \(number) (\(id)) goes on")
        isFrozen = false
        let letters = mailbox
        mailbox = []
        advance(letters.map { $0(now) })
    }

    /// SIGTERM.
    func drain() { post { _ in .drain } }

    private func state(of incarnation: Int) -> StoreLine.CallerState {
        incarnation != self.incarnation ? .gone : isFrozen ? .frozen : isCutOff ? .cutOff : .working
    }
}

// MARK: - Events

extension SimulatedNode {
    /// - Parameter event: made when it is read, which for a frozen process is later.
    func post(_ event: @escaping (Instant) -> EngineEvent) {
        guard isUp else { return }
        if isFrozen { mailbox.append(event) } else { advance([event(now)]) }
    }

    private func advance(_ events: [EngineEvent]) {
        guard var core else { return }
        let now = now
        var effects = events.flatMap { core.handle($0, now: now) }
        effects += core.tick(now: simulation.plant == .earlyStart ? now + .milliseconds(20) : now)
        self.core = core
        // Once declared dead it still does what it has decided: the process ends a little later.
        for effect in effects { perform(effect) }
        schedule()
    }

    private func schedule() {
        guard let at = core?.nextTick else { return }
        timerNumber += 1
        let number = timerNumber
        let lag = simulation.span(0...0.3)
        simulation.at(max(at, now) + lag) { [self] in
            if number == timerNumber, isUp, !isFrozen { timerFired() }
        }
    }

    private func timerFired() {
        if now >= ticks.second + .seconds(1) { ticks = (now, 0) }
        ticks.count += 1
        if ticks.count > 3_000 { simulation.checker.report("node \(number) spins") }
        advance([])
    }
}

// MARK: - Effects

extension SimulatedNode {
    private func perform(_ effect: EngineEffect) {
        let checker = simulation.checker
        let node = id
        switch effect {
        case .look(let forLost): ask(.look(forLost: forLost)) { .looked($0, forLost: forLost) }
        case .plan(let request): ask(.plan(request)) { .planned($0) }
        case .claim(let request): ask(.claim(request)) { .claimed($0) }
        case .start(let request): start(request)
        case .execute(let context): execute(context)
        case .abort(let token): abort(token)
        case .finish(let batch):
            guard simulation.plant != .neverEnding else { return }
            ask(.finish(batch), onCommit: { checker.finished(batch, $0) }) { .finished(batch, $0) }
        case .handBack(let tokens): ask(.handBack(tokens, node: node)) { .handedBack(tokens, $0) }
        case .askHost(let ask): askHost(ask)
        case .heartbeat(let lease):
            let sentAt = now
            ask(.heartbeat(node, lease: lease)) { .heartbeat($0, sentAt: sentAt) }
        case .repair(let held): ask(.repair(held: held, node: node)) { .repaired($0) }
        case .reap: ask(.reap(node: node)) { .reaped($0) }
        case .heldOff: break
        case .prune(let request): ask(.prune(request)) { .pruned($0) }
        case .watch: ask(.watch()) { .watched($0) }
        case .tell(let notices): tell(notices)
        case .enlist: enlist()
        case .stopped:
            simulation.line.call(.retire(node)) { _ in }
            crash()
        }
    }

    private func ask<Answer>(
        _ verb: MemoryVerb<Answer>, onCommit: @escaping (Answer) -> Void = { _ in },
        _ event: @escaping (Result<Answer, StoreError>) -> EngineEvent
    ) {
        let mine = incarnation
        simulation.line.call(verb, by: { self.state(of: mine) }, onCommit: onCommit) { [self] result in
            if mine == incarnation { post { _ in event(result) } }
        }
    }

    /// Nodes count together by something that is slow, away now and then, and not honest.
    private func askHost(_ ask: HostAsk) {
        let mine = incarnation
        let grant = simulation.strikes(0.2) ? nil : HostGrant(starts: Int(simulation.span(0...3).microseconds / 1_000))
        simulation.after(simulation.span(0...100)) { [self] in
            if mine == incarnation { post { _ in .hostAnswered(ask, grant) } }
        }
    }

    private func start(_ request: StartRequest) {
        let mine = incarnation
        let sent = now
        let checker = simulation.checker
        simulation.line.call(
            .start(request), by: { self.state(of: mine) }, onCommit: { checker.started($0) },
            reply: { [self] result in
                if mine == incarnation { post { .started(request, result, took: $0 - sent) } }
            })
    }

    /// Some arrive, some do not, and of some it is not known.
    private func tell(_ notices: [Notice]) {
        let results = notices.map { notice in
            let arrives = simulation.chance(0.9)
            if arrives { simulation.checker.told(notice) }
            let isHeard = arrives && simulation.chance(0.9)
            return NoticeResult(
                notice, isHeard ? .success : Outcome(kind: .unknown, verdict: .transient, reach: .maybeSent))
        }
        ask(.settle(results)) { .told(results, $0) }
    }

    private func execute(_ context: AttemptContext) {
        let token = ClaimToken(runID: context.runID, fence: context.fence)
        let attempt = Receiver.attempt(simulation)
        var context = context
        if simulation.plant == .oldDefinition { context.action.fields["edit"] = .integer(0) }
        simulation.tell(
            "node \(number) sends \(context.runID) fence \(context.fence): \(attempt.outcome.kind) in \(attempt.duration)"
        )
        simulation.checker.sent(context, leftByte: attempt.outcome.reach != .nothingSent)
        if simulation.plant == .doubledStart { simulation.checker.sent(context, leftByte: true) }
        attemptNumber += 1
        let number = attemptNumber
        underWay[token] = number
        end(token, number, attempt.outcome, after: attempt.duration)
    }

    /// A stopped attempt ends as cancelled soon, or goes on as if it had not heard.
    private func abort(_ token: ClaimToken) {
        guard let number = underWay[token], !simulation.strikes(0.1) else { return }
        let outcome = Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent)
        end(token, number, outcome, after: simulation.span(0...30))
    }

    private func end(_ token: ClaimToken, _ number: Int, _ outcome: Outcome, after span: Span) {
        let mine = incarnation
        simulation.after(span) { [self] in
            guard mine == incarnation, underWay[token] == number else { return }
            underWay[token] = nil
            post { _ in .ended(token, outcome) }
        }
    }
}
