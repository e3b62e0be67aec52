import CronApp
import CronEngine
import CronModel
import CronSchedule
import CronTesting
import Foundation
import Logging
import Testing

/// A node keeps its lease whatever its shared threads do.
@Suite struct HeartbeatTests {
    @Test func theLeaseIsKeptWhileSharedThreadsAreBusy() async throws {
        let clock = SystemClock()
        let store = FaultyStore(MemoryStore(clock: clock, seed: 1))
        var settings = EngineSettings()
        settings.heartbeat = .milliseconds(10)
        let id = NodeID(high: 7, low: 7)
        let now = clock.now
        _ = try await store.register(
            Node(id: id, pid: 1, host: "h", version: "v", startedAt: now, leaseUntil: now + settings.lease))
        let beats = DispatchSemaphore(value: 0)
        store.whenCalled(.heartbeat) { beats.signal() }
        let engine = Engine(
            node: id, enlistedAt: now, store: store, actions: ActionRegistry([]),
            vault: Vault(store: store, ring: KeyRing(current: [])), settings: settings, metrics: EngineMetrics(),
            events: LocalEvents(node: "test", clock: clock),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            enlist: { () throws(StoreError) in id })
        let running = Task { try await engine.run() }
        #expect(await beatsWhileBusy(beats))
        engine.post(.drain)
        try await running.value
    }

    /// Whether the node's heart beats three times while every thread of the pool that tasks share is held.
    private func beatsWhileBusy(_ beats: DispatchSemaphore) async -> Bool {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let (held, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
                let width = ProcessInfo.processInfo.activeProcessorCount
                for _ in 0..<width { Task.detached { Self.hold(held, release) } }
                for _ in 0..<width { held.wait() }
                while beats.wait(timeout: .now()) == .success {}
                let isBeating = (0..<3).allSatisfy { _ in beats.wait(timeout: .now() + 5) == .success }
                for _ in 0..<width { release.signal() }
                continuation.resume(returning: isBeating)
            }
        }
    }

    private static func hold(_ held: DispatchSemaphore, _ release: DispatchSemaphore) {
        held.signal()
        release.wait()
    }
}
