import CronEngine
import CronLockRedis
import CronModel
import CronStorePostgres
import Foundation
import Logging
import ServiceLifecycle

/// What nodes share besides the store. With Redis or without: nothing that is promised depends on it.
struct Coordination: Sendable {
    let locks: any LockProvider
    let counters: any RateCounter
    /// What nodes do to hosts with limits; nil where each counts alone.
    let hosts: (any HostCounter)?
    /// For people who watch; without Redis of this node only.
    let events: any EventChannel
    /// This process among those that share a Redis or a database.
    private let name = UUID().uuidString.lowercased()
    private let redis: (address: RedisAddress, link: RedisLink)?
    private let clock: any EngineClock

    init(redis address: RedisAddress?, clock: any EngineClock, logger: Logger) {
        self.clock = clock
        guard let address else {
            locks = StoreLocks(owner: name, clock: clock)
            counters = LocalCounter(clock: clock)
            events = LocalEvents(node: name, clock: clock)
            hosts = nil
            redis = nil
            return
        }
        let link = RedisLink(address, clock: clock) { report in
            switch report {
            case .down(let text): logger.warning("\(text); each node goes on alone")
            case .refused(let text): logger.warning("\(text)")
            case .up(let text): logger.notice("\(text)")
            }
        }
        locks = RedisLocks(owner: name, link: link)
        counters = RedisCounter(link: link, clock: clock)
        hosts = RedisHosts(node: name, link: link)
        events = RedisEvents(node: name, address: address, link: link, clock: clock)
        redis = (address, link)
        // In the background: the first that need it should find it, and a wrong address should be told at the start.
        Task { await link.connect() }
    }

    /// By Redis, else by the database, else to nobody: then others see what changed at their next look.
    func wakeups(besides store: any Store) -> any WakeupChannel {
        if let redis {
            return RedisWakeups(node: name, address: redis.address, link: redis.link, clock: clock)
        }
        return (store as? PostgresStore)?.wakeups(of: name) ?? LocalWakeups()
    }

    /// By the database, where nodes share one; then readers and runs need not be at the same node.
    func outputs(besides store: any Store, _ wakeups: any WakeupChannel) -> LiveOutputs {
        LiveOutputs(board: (store as? PostgresStore)?.outputs, wakeups: wakeups, clock: clock)
    }

    func close() {
        events.close()
        redis?.link.close()
    }
}

/// Tells this process's engine, the other nodes and people who watch.
struct ClusterSignal: EngineSignal {
    /// Nil on a node that executes nothing.
    let engine: Engine?
    let wakeups: any WakeupChannel
    let events: any EventChannel

    func wake() {
        engine?.wake()
        wakeups.wake()
    }

    /// Whoever runs them learns it from its next heartbeat: a hint brings that forward.
    func cancel(_ runs: [RunID]) {
        engine?.cancel(runs)
        wakeups.wake()
    }

    func tell(_ events: [LiveEvent]) { self.events.publish(EventBatch(events)) }
}

/// Passes the others' hints on to this process's engine.
struct HintService: Service {
    let engine: Engine
    let wakeups: any WakeupChannel

    func run() async {
        let hints = wakeups.hints()
        await withGracefulShutdownHandler {
            for await _ in hints { engine.hint() }
        } onGracefulShutdown: {
            wakeups.close()
        }
    }
}
