import CronModel
import CronSchedule
import Foundation
import Logging

/// Makes this process known to the store, under a new incarnation each time.
struct Enlistment: Sendable {
    let store: any Store
    let lease: Span
    let logger: Logger

    func freshID() -> NodeID {
        var random = RandomSource()
        return NodeID(at: store.clock.now, using: &random)
    }

    @Sendable func enlist() async throws(StoreError) -> NodeID {
        let node = Node(
            id: freshID(), pid: ProcessInfo.processInfo.processIdentifier, host: ProcessInfo.processInfo.hostName,
            version: AppVersion.number, startedAt: store.clock.now, leaseUntil: store.clock.now + lease)
        let taken = try await store.register(node)
        if taken != ReapAnswer() {
            logger.notice(
                "took over runs of an earlier process",
                metadata: ["queued": "\(taken.queued)", "running": "\(taken.running)"])
        }
        return node.id
    }
}
