package import CronSchedule

/// One process as the others see it.
package struct Node: Hashable, Sendable {
    package var id: NodeID
    package var pid: Int32
    package var host: String
    package var version: String
    package var startedAt: Instant
    package var leaseUntil: Instant
    package var deadAt: Instant?

    package init(
        id: NodeID, pid: Int32, host: String, version: String, startedAt: Instant, leaseUntil: Instant,
        deadAt: Instant? = nil
    ) {
        self.id = id
        self.pid = pid
        self.host = host
        self.version = version
        self.startedAt = startedAt
        self.leaseUntil = leaseUntil
        self.deadAt = deadAt
    }
}

/// Nodes and their leases.
package protocol NodeStore: Sendable {
    /// Makes this incarnation known. On an embedded store it proves every other one dead and takes their runs (T6), and
    /// plans `@reboot` jobs, before the first plan.
    func register(_ node: Node) async throws(StoreError) -> ReapAnswer
    /// T4: renews the lease.
    func heartbeat(node: NodeID, lease: Span) async throws(StoreError) -> HeartbeatAnswer
    /// Ends the lease: the last thing a draining node does.
    func retire(node: NodeID) async throws(StoreError)
    func nodes() async throws(StoreError) -> [Node]
}

package struct HeartbeatAnswer: Hashable, Sendable {
    /// False when the node was declared dead: it must drop its claims and come back as a new incarnation.
    package var isAlive: Bool
    /// This node's RUNNING runs that somebody asked to cancel.
    package var cancelRequests: [RunID]

    package init(isAlive: Bool, cancelRequests: [RunID]) {
        self.isAlive = isAlive
        self.cancelRequests = cancelRequests
    }
}
