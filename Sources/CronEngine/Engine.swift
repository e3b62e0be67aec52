package import CronModel
package import CronSchedule
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// One node at work: runs the core's effects and feeds it what came of them. The core lives on an event loop of its
/// own, whose timers are exact to about 0.1 ms where a sleeping task is exact to about a millisecond.
package actor Engine: Service {
    private nonisolated let store: any Store
    private let executor: Executor
    private let settings: EngineSettings
    private let metrics: EngineMetrics
    private let events: any EventChannel
    private let hosts: (any HostCounter)?
    private nonisolated let logger: Logger
    private nonisolated let enlist: @Sendable () async throws(StoreError) -> NodeID
    private nonisolated let known: Mutex<NodeID>
    private nonisolated let group: MultiThreadedEventLoopGroup
    private nonisolated let loop: any EventLoop
    /// Heartbeats go on while every thread that tasks share is busy.
    private nonisolated let heartbeats = OwnThread()
    private nonisolated let inbox = Mutex(Inbox())
    private var core: NodeCore
    /// By token: what a run's old attempt still does may go on beside the next.
    private var underWay: [ClaimToken: UnderWay] = [:]
    private var timer: Scheduled<Void>?
    private var timerAt: Instant?
    private nonisolated let done: AsyncStream<Never>
    private nonisolated let end: AsyncStream<Never>.Continuation

    private struct UnderWay {
        var job: JobID
        var task: Task<Void, Never>
    }

    private struct Inbox {
        var events: [EngineEvent] = []
        var isClosed = false
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - node: the incarnation that the store knows.
    ///   - enlistedAt: when it was told to the store: its lease runs from then.
    ///   - vault: opens the secrets that actions use.
    ///   - outputs: told of what attempts write while they run.
    ///   - hosts: counts what all nodes do to hosts with limits; nil where `settings.hosts` is not shared.
    ///   - enlist: makes another incarnation known, after the others have declared this one dead.
    package init(
        node: NodeID, enlistedAt: Instant, store: any Store, actions: ActionRegistry, vault: Vault,
        settings: EngineSettings,
        metrics: EngineMetrics, events: any EventChannel, outputs: LiveOutputs? = nil,
        hosts: (any HostCounter)? = nil, logger: Logger,
        enlist: @escaping @Sendable () async throws(StoreError) -> NodeID
    ) {
        known = Mutex(node)
        self.enlist = enlist
        self.store = store
        self.settings = settings
        self.metrics = metrics
        self.events = events
        self.hosts = hosts
        self.logger = logger
        executor = Executor(actions: actions, secrets: AttemptSecrets(store: store, vault: vault), outputs: outputs)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.any()
        core = NodeCore(node: node, settings: settings, now: enlistedAt)
        (done, end) = AsyncStream.makeStream()
    }

    /// The present incarnation.
    package nonisolated var node: NodeID { known.withLock { $0 } }

    /// Works until shut down gracefully, then drains.
    package nonisolated func run() async throws {
        await begin()
        await withGracefulShutdownHandler {
            for await _ in done {}
        } onGracefulShutdown: {
            self.post(.drain)
        }
        await finish()
        try? await store.retire(node: node)
        // From outside the actor: what waits on a loop is not resumed by it once it has ended.
        try await group.shutdownGracefully()
        await heartbeats.end()
        logger.info("engine drained", metadata: ["node": "\(node)"])
    }

    private func begin() { advance([]) }

    private func finish() {
        timer?.cancel()
        inbox.withLock { $0.isClosed = true }
    }

    /// Takes an event in from anywhere; events posted together are handled together.
    package nonisolated func post(_ event: EngineEvent) {
        let isFirst = inbox.withLock { inbox in
            // Answers to what was asked before the end find nobody.
            guard !inbox.isClosed else { return false }
            inbox.events.append(event)
            return inbox.events.count == 1
        }
        if isFirst { loop.execute { self.assumeIsolated { $0.takeInbox() } } }
    }

    private func takeInbox() {
        let events = inbox.withLock { inbox in
            let taken = inbox.events
            inbox.events.removeAll(keepingCapacity: true)
            return taken
        }
        advance(events)
    }

    private func advance(_ events: [EngineEvent]) {
        let now = store.clock.now
        for event in events {
            observe(event)
            let told = core.told(of: event, now: now)
            if !told.isEmpty { self.events.publish(told) }
            for effect in core.handle(event, now: now) { perform(effect, now: now) }
        }
        for effect in core.tick(now: now) { perform(effect, now: now) }
        metrics.held(core.heldCount, busy: core.busyCount, waitingForHosts: core.waitingForHostCount)
        schedule()
    }

    private func schedule() {
        guard let at = core.nextTick else { return }
        if let timerAt, timerAt == at, timer != nil { return }
        timer?.cancel()
        timerAt = at
        // At most a poll ahead, so that a step of the wall clock is noticed.
        let wait = max(0, min((at - store.clock.now).microseconds, settings.poll.microseconds))
        timer = loop.assumeIsolated().scheduleTask(in: .microseconds(wait)) { self.assumeIsolated { $0.timerFired() } }
    }

    private func timerFired() {
        timer = nil
        timerAt = nil
        advance([])
    }
}

extension Engine {
    package nonisolated func wake() { post(.wake) }
    /// Another node says that something changed.
    package nonisolated func hint() { post(.hint) }
    package nonisolated func cancel(_ runs: [RunID]) { if !runs.isEmpty { post(.cancel(runs)) } }
}

// MARK: - Effects

extension Engine {
    private func perform(_ effect: EngineEffect, now: Instant) {
        switch effect {
        case .look(let forLost):
            ask { store in
                .looked(
                    await result { () async throws(StoreError) in try await store.look(forLost: forLost) },
                    forLost: forLost)
            }
        case .plan(let request):
            ask { store in .planned(await result { () async throws(StoreError) in try await store.plan(request) }) }
        case .claim(let request):
            ask { store in .claimed(await result { () async throws(StoreError) in try await store.claim(request) }) }
        case .start(let request):
            ask { store in
                let sent = store.clock.uptime
                let answers = await result { () async throws(StoreError) in try await store.start(request) }
                return .started(request, answers, took: store.clock.uptime - sent)
            }
        case .execute(let attempt):
            execute(attempt, now: now)
        case .abort(let token):
            underWay[token]?.task.cancel()
        case .finish(let batch):
            let node = node
            ask { store in
                .finished(
                    batch, await result { () async throws(StoreError) in try await store.finish(batch, node: node) })
            }
        case .handBack(let tokens):
            let node = node
            ask { store in
                .handedBack(
                    tokens, await result { () async throws(StoreError) in try await store.handBack(tokens, node: node) }
                )
            }
        case .askHost(let ask):
            let hosts = hosts
            Task.detached { self.post(.hostAnswered(ask, await hosts?.ask(ask))) }
        case .heartbeat, .repair, .reap, .heldOff, .prune, .watch, .tell:
            performUpkeep(effect, now: now)
        case .enlist:
            logger.error("this node was declared dead by the others", metadata: ["node": "\(node)"])
            let enlist = enlist
            ask { _ in .enlisted(await result(enlist), sentAt: now) }
        case .stopped:
            end.finish()
        }
    }

    private func performUpkeep(_ effect: EngineEffect, now: Instant) {
        let node = node
        switch effect {
        case .heartbeat(let lease):
            ask(on: heartbeats) { store in
                .heartbeat(
                    await result { () async throws(StoreError) in try await store.heartbeat(node: node, lease: lease) },
                    sentAt: now)
            }
        case .repair(let held):
            ask { store in
                .repaired(
                    await result { () async throws(StoreError) in try await store.repair(held: held, node: node) })
            }
        case .reap:
            ask { store in .reaped(await result { () async throws(StoreError) in try await store.reap(node: node) }) }
        case .heldOff:
            metrics.heldOff()
            logger.notice(
                "runs may be lost, but the other nodes are given time to renew their leases",
                metadata: ["node": "\(node)"])
        case .prune(let request):
            ask { store in .pruned(await result { () async throws(StoreError) in try await store.prune(request) }) }
        case .watch:
            ask { store in .watched(await result { () async throws(StoreError) in try await store.watch() }) }
        case .tell(let notices):
            let teller = Teller(executor: executor, clock: store.clock)
            ask { store in
                let end = store.clock.uptime + Notice.lease
                let results = await teller.tell(notices)
                return .told(results, await teller.settle(results, by: end, in: store))
            }
        default:
            break
        }
    }

    private func ask(
        on thread: OwnThread? = nil, _ question: @escaping @Sendable (any Store) async -> EngineEvent
    ) {
        let store = store
        Task.detached(executorPreference: thread) { self.post(await question(store)) }
    }

    private func execute(_ attempt: AttemptContext, now: Instant) {
        if attempt.attempt == 1 { metrics.started(delay: now - attempt.scheduledFor) }
        let token = ClaimToken(runID: attempt.runID, fence: attempt.fence)
        let executor = executor
        underWay[token] = UnderWay(
            job: attempt.jobID, task: Task.detached { self.post(.ended(token, await executor.run(attempt))) })
    }

    private func observe(_ event: EngineEvent) {
        switch event {
        case .ended(let token, let outcome):
            let job = underWay.removeValue(forKey: token)?.job
            metrics.ended(outcome.kind)
            if outcome.verdict != .success { logFailure(token, job, outcome) }
        case .started(let request, .success(let answers), _) where !request.postponed.isEmpty:
            metrics.postponed(answers.count { if case .delayed = $0 { true } else { false } })
        case .finished(let batch, .success(let answers)):
            for (finish, answer) in zip(batch, answers) { observe(finish, answer) }
        case .enlisted(.success(let node), _):
            known.withLock { $0 = node }
            logger.notice("this node goes on as another incarnation", metadata: ["node": "\(node)"])
        case .told(let results, let stored):
            for result in results { observe(result) }
            if case .failure = stored { metrics.storeFailed() }
        case .reaped(.success(let answer)):
            metrics.reaped(answer.queued + answer.running)
        case .looked(.failure(let error), _), .planned(.failure(let error)), .claimed(.failure(let error)),
            .started(_, .failure(let error), _),
            .finished(_, .failure(let error)), .handedBack(_, .failure(let error)), .heartbeat(.failure(let error), _),
            .enlisted(.failure(let error), _),
            .repaired(.failure(let error)), .reaped(.failure(let error)), .pruned(.failure(let error)),
            .watched(.failure(let error)):
            metrics.storeFailed()
            logger.error("the store failed", metadata: ["error": "\(error)"])
        default:
            break
        }
    }

    private func observe(_ finish: Finish, _ answer: FinishAnswer) {
        switch answer {
        case .applied(let status, _):
            metrics.finished(status)
        case .repeated:
            break
        case .superseded:
            metrics.refusedStale()
            logger.warning(
                "an outcome came after its run was taken away",
                metadata: ["run_id": "\(finish.token.runID)", "fence": "\(finish.token.fence)"])
        }
    }

    private func observe(_ result: NoticeResult) {
        metrics.told(result.outcome.verdict)
        guard result.outcome.verdict != .success else { return }
        logger.warning(
            "an alert was not accepted",
            metadata: [
                "job_id": "\(result.notice.jobID)", "rule": "\(result.notice.rule.rawValue)",
                "attempt": "\(result.notice.attempt)", "error": "\(result.outcome.error ?? "")",
            ])
    }

    private func logFailure(_ token: ClaimToken, _ job: JobID?, _ outcome: Outcome) {
        logger.info(
            "an attempt failed",
            metadata: [
                "run_id": "\(token.runID)", "job_id": "\(job.map(\.description) ?? "")", "fence": "\(token.fence)",
                "outcome": "\(outcome.kind.rawValue)",
                "error": "\(outcome.error ?? "")",
            ])
    }
}

private func result<Success>(
    _ call: () async throws(StoreError) -> Success
) async -> Result<Success, StoreError> {
    do throws(StoreError) {
        return .success(try await call())
    } catch {
        return .failure(error)
    }
}
