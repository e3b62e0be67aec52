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
            for zone in job.zones(at: slot) where hasRunsLeft(job) {
                let slot = ZonedSlot(at: slot, zone: zone.zone)
                rows.append(run(job, slot: slot, now: now, catchUp: false, random: &random))
                job.plannedRuns += 1
                planned += 1
            }
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
        return run(job, slot: ZonedSlot(at: slot), now: now, catchUp: true, random: &random)
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

    /// One row for each zone's stretch of equal skips, or none for an empty one.
    package static func skipRanges(
        _ job: Job, after: Instant, through: Instant, reason: RunReason, now: Instant, random: inout RandomSource
    ) throws(IllegalTransition) -> [Run] {
        var rows: [Run] = []
        for zone in job.zones {
            rows += try skipRange(job, zone, after: after, through: through, reason: reason, now: now, random: &random)
        }
        return rows
    }

    package static func skipRange(
        _ job: Job, _ zone: ZoneSlots, after: Instant, through: Instant, reason: RunReason, now: Instant,
        random: inout RandomSource
    ) throws(IllegalTransition) -> [Run] {
        let count = zone.count(after: after, through: through, of: job.definition)
        guard count > 0, let first = zone.nextSlot(after: after, of: job.definition) else { return [] }
        var row = run(job, slot: ZonedSlot(at: first, zone: zone.zone), now: now, catchUp: true, random: &random)
        if count > 1 {
            row.lastScheduledFor = zone.previousSlot(
                before: through + Span(microseconds: 1), after: after, of: job.definition)
            row.skippedCount = count
        }
        try row.move(to: .skipped, reason: reason, at: now)
        return [row]
    }

    package static func run(
        _ job: Job, slot: ZonedSlot, now: Instant, catchUp: Bool, random: inout RandomSource
    ) -> Run {
        let dueAt = job.dueAt(slot: slot.at, zone: slot.zone)
        return Run(
            id: RunID(at: now, orderedBy: dueAt, using: &random), job: job, origin: .schedule, scheduledFor: slot.at,
            zone: slot.zone, dueAt: dueAt, at: now, catchUp: catchUp)
    }

    private static func late(
        _ job: inout Job, now: Instant, random: inout RandomSource
    ) throws(IllegalTransition) -> [Run] {
        let lateEnd = job.lateEnd(at: now)
        guard let first = job.nextSlot, first < lateEnd else { return [] }
        let end = lateEnd - Span(microseconds: 1)
        var rows: [Run] = []
        var fired: [ZonedSlot] = []
        for zone in job.zones {
            let slots = firedSlots(job, zone, through: end, now: now)
            rows += try skipRange(
                job, zone, after: job.cursor, through: slots.first.map { $0.at - Span(microseconds: 1) } ?? end,
                reason: skipReason(job), now: now, random: &random)
            fired += slots
        }
        for slot in fired.sorted() where hasRunsLeft(job) {
            rows.append(run(job, slot: slot, now: now, catchUp: true, random: &random))
            job.plannedRuns += 1
            job.cursor = slot.at
        }
        advance(&job, past: end)
        return rows
    }

    private static func firedSlots(_ job: Job, _ zone: ZoneSlots, through: Instant, now: Instant) -> [ZonedSlot] {
        let misfire = job.definition.misfire
        let limit =
            switch misfire.mode {
            case .skip: 0
            case .fireLast: 1
            case .fireAll: misfire.catchupLimit(zones: job.zones.count)
            }
        if job.schedule.isOneShot, misfire.mode != .skip {
            return zone.newest(after: job.cursor, through: through, limit: 1, of: job.definition)
        }
        let newest = zone.newest(after: job.cursor, through: through, limit: limit, of: job.definition)
        return newest.enumerated().filter { index, slot in
            misfire.verdict(slot: slot.at, newerLate: newest.count - 1 - index, now: now) == .fire
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
