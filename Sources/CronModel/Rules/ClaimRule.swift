package import CronSchedule

/// T2: whether a waiting run is taken by a node, or ends because its time has passed.
package enum ClaimRule {
    /// Moves a PENDING or RETRYING run to QUEUED for `node`, or to SKIPPED by the job's misfire or expiry policy.
    package static func claim(_ run: inout Run, job: Job, node: NodeID, now: Instant) throws(IllegalTransition) {
        if let reason = ending(run, job: job, now: now) {
            try run.move(to: .skipped, reason: reason, at: now, raisesFence: true)
        } else {
            try run.move(to: .queued, reason: .claimed, at: now, node: node, raisesFence: true)
            run.owner = node
        }
    }

    /// Why a waiting run of the schedule ends instead of being claimed; nil when it does not.
    static func ending(_ run: Run, job: Job, now: Instant) -> RunReason? {
        guard run.attempt == 0, run.origin == .schedule else { return nil }
        if let expiry = job.definition.expiry.expiry(ofSlot: run.scheduledFor), now >= expiry { return .expired }
        let lateEnd = job.lateEnd(at: now)
        guard !run.catchUp, run.blockedOn == nil, run.scheduledFor < lateEnd else { return nil }
        if job.schedule.isOneShot { return job.definition.misfire.mode == .skip ? .misfire : nil }
        // A job that has used up its runs has no slots beyond its cursor: none of them will fire instead.
        let lastLate = lateEnd - Span(microseconds: 1)
        let newerLate = job.slotCount(
            after: run.scheduledFor, through: job.nextSlot == nil ? min(lastLate, job.cursor) : lastLate, zone: run.zone)
        guard
            case .skip(let reason) = job.definition.misfire.verdict(
                slot: run.scheduledFor, newerLate: newerLate, now: now)
        else { return nil }
        return reason
    }
}
