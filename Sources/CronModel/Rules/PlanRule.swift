package import CronSchedule

/// T1: which rows a job's slots become, from its cursor to a horizon. Every slot gets exactly one row or lies in one
/// skip range, and the job's cursor moves past it in the same transaction.
package enum PlanRule {
    /// Slots that one transaction turns into runs of one job; the next pass goes on from the cursor.
    package static let runsPerPass = 1_000

    /// The new rows, oldest slot first, PENDING or SKIPPED. `job` is moved on.
    /// - Parameter horizon: slots up to and including it are accounted for, those in the past by the misfire policy.
    package static func plan(
        _ job: inout Job, through horizon: Instant, now: Instant, limit: Int = runsPerPass, random: inout RandomSource
    ) throws(IllegalTransition) -> [Run] {
        guard job.state == .active, job.nextSlot != nil else { return [] }
        var rows = try late(&job, now: now, random: &random)
        var planned = 0
        while let slot = job.nextSlot, slot <= horizon, planned < limit {
            rows.append(run(job, slot: slot, now: now, catchUp: false, random: &random))
            job.plannedRuns += 1
            planned += 1
            advance(&job, past: slot)
        }
        return rows
    }

    /// `@reboot`: one run for each start of the scheduler, at its moment.
    package static func reboot(_ job: inout Job, now: Instant, random: inout RandomSource) -> Run? {
        guard job.state == .active, job.deletedAt == nil, job.schedule.kind == .reboot, hasRunsLeft(job) else {
            return nil
        }
        if let startAt = job.definition.startAt, now < startAt { return nil }
        if let endAt = job.definition.endAt, now >= endAt { return nil }
        let slot = max(now, job.cursor + Span(microseconds: 1))
        job.cursor = slot
        job.plannedRuns += 1
        return run(job, slot: slot, now: now, catchUp: true, random: &random)
    }

    /// Moves the cursor to `instant` and finds the next slot to plan.
    package static func advance(_ job: inout Job, past instant: Instant) {
        job.cursor = max(job.cursor, instant)
        job.nextSlot = hasRunsLeft(job) ? job.nextSlot(after: job.cursor) : nil
    }

    package static func hasRunsLeft(_ job: Job) -> Bool {
        guard let maxRuns = job.definition.maxRuns else { return true }
        return job.plannedRuns < maxRuns
    }

    /// One row for a stretch of equal skips, or none for an empty one.
    package static func skipRange(
        _ job: Job, after: Instant, through: Instant, reason: RunReason, now: Instant, random: inout RandomSource
    ) throws(IllegalTransition) -> [Run] {
        let count = job.slotCount(after: after, through: through)
        guard count > 0, let first = job.nextSlot(after: after) else { return [] }
        var row = run(job, slot: first, now: now, catchUp: true, random: &random)
        if count > 1 {
            row.lastScheduledFor = job.previousSlot(before: through + Span(microseconds: 1), after: after)
            row.skippedCount = count
        }
        try row.move(to: .skipped, reason: reason, at: now)
        return [row]
    }

    package static func run(
        _ job: Job, slot: Instant, now: Instant, catchUp: Bool, random: inout RandomSource
    ) -> Run {
        let dueAt = job.dueAt(slot: slot)
        return Run(
            id: RunID(at: now, orderedBy: dueAt, using: &random), job: job, origin: .schedule, scheduledFor: slot,
            dueAt: dueAt, at: now, catchUp: catchUp)
    }

    /// The newest `limit` slots of (after, through] that a catch-up fires, oldest first.
    package static func newestSlots(
        _ job: Job, after: Instant, through: Instant, limit: Int
    ) -> [Instant] {
        var slots: [Instant] = []
        var end = through + Span(microseconds: 1)
        while slots.count < limit, let slot = job.previousSlot(before: end, after: after) {
            slots.append(slot)
            end = slot
        }
        return slots.reversed()
    }

    private static func late(
        _ job: inout Job, now: Instant, random: inout RandomSource
    ) throws(IllegalTransition) -> [Run] {
        let lateEnd = job.lateEnd(at: now)
        guard let first = job.nextSlot, first < lateEnd else { return [] }
        let end = lateEnd - Span(microseconds: 1)
        let fired = firedSlots(job, after: job.cursor, through: end, now: now)
        let skipEnd = fired.first.map { $0 - Span(microseconds: 1) } ?? end
        var rows = try skipRange(
            job, after: job.cursor, through: skipEnd, reason: skipReason(job), now: now, random: &random)
        for slot in fired where hasRunsLeft(job) {
            rows.append(run(job, slot: slot, now: now, catchUp: true, random: &random))
            job.plannedRuns += 1
            job.cursor = slot
        }
        advance(&job, past: end)
        return rows
    }

    private static func firedSlots(_ job: Job, after: Instant, through: Instant, now: Instant) -> [Instant] {
        let misfire = job.definition.misfire
        let limit =
            switch misfire.mode {
            case .skip: 0
            case .fireLast: 1
            case .fireAll: misfire.catchupLimit
            }
        if job.schedule.isOneShot, misfire.mode != .skip {
            return newestSlots(job, after: after, through: through, limit: 1)
        }
        let newest = newestSlots(job, after: after, through: through, limit: limit)
        return newest.enumerated().filter { index, slot in
            misfire.verdict(slot: slot, newerLate: newest.count - 1 - index, now: now) == .fire
        }.map(\.element)
    }

    private static func skipReason(_ job: Job) -> RunReason {
        switch job.definition.misfire.mode {
        case .skip: .misfire
        case .fireLast: .coalesced
        case .fireAll: .outOfWindow
        }
    }
}
