package import CronModel
package import CronSchedule

/// What happens to a node. Every decision of the engine is a function of these, its state and the time.
package enum EngineEvent: Sendable {
    /// Somebody changed a job or a run: look at once.
    case wake
    /// Another node did: look at once, and at requests to cancel too.
    case hint
    /// `forLost` as it was asked.
    case looked(Result<LookAnswer, StoreError>, forLost: Bool)
    case planned(Result<PlanAnswer, StoreError>)
    case claimed(Result<ClaimAnswer, StoreError>)
    /// `took` is the time from sending the start to its answer, by a clock that does not jump.
    case started(StartRequest, Result<[StartAnswer], StoreError>, took: Span)
    case ended(ClaimToken, Outcome)
    case finished([Finish], Result<[FinishAnswer], StoreError>)
    case handedBack([ClaimToken], Result<Void, StoreError>)
    case heartbeat(Result<HeartbeatAnswer, StoreError>, sentAt: Instant)
    /// The store knows this process under a new incarnation, or could not be told.
    case enlisted(Result<NodeID, StoreError>, sentAt: Instant)
    case repaired(Result<RepairAnswer, StoreError>)
    case reaped(Result<ReapAnswer, StoreError>)
    case pruned(Result<Int, StoreError>)
    case watched(Result<WatchAnswer, StoreError>)
    /// Notices were told, and what came of them stored or not.
    case told([NoticeResult], Result<Void, StoreError>)
    /// Nil when the nodes could not be asked.
    case hostAnswered(HostAsk, HostGrant?)
    /// Somebody asked these RUNNING runs to stop.
    case cancel([RunID])
    case drain
}

/// What the shell does for the node.
package enum EngineEffect: Sendable {
    /// Ask the store what there is to do.
    case look(forLost: Bool)
    case plan(PlanRequest)
    case claim(ClaimRequest)
    case start(StartRequest)
    case execute(AttemptContext)
    /// Cancel the attempt's task; its end is still reported.
    case abort(ClaimToken)
    case finish([Finish])
    case handBack([ClaimToken])
    /// Say what this node has under way at a host, and ask for room.
    case askHost(HostAsk)
    case heartbeat(lease: Span)
    case repair(held: Set<ClaimToken>)
    case reap
    /// Runs may be lost, but are not taken yet: the others are given time to renew their leases. Told once a hold-off.
    case heldOff
    case prune(PruneRequest)
    /// Judge the jobs that have alerts.
    case watch
    case tell([Notice])
    /// The node was declared dead by the others: make a new incarnation known.
    case enlist(lease: Span)
    /// Drained: nothing is held any more.
    case stopped
}
