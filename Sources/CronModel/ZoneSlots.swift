package import CronSchedule

/// A job's slots in one time zone: the schedule's instants inside the job's window. A job that names several zones has a
/// slot of its own in each, also where two of them show the same time at the same moment.
package struct ZoneSlots: Hashable, Sendable {
    /// As its runs carry it: empty unless the job has several zones.
    package let zone: String
    package let schedule: Schedule

    package init(zone: String = "", schedule: Schedule) {
        self.zone = zone
        self.schedule = schedule
    }

    /// Parses a definition's schedule, in each of its zones, as a job with this id and anchor would run it.
    package static func parse(
        _ definition: JobDefinition, id: JobID, anchor: Instant, now: Instant? = nil
    ) throws(ScheduleError) -> [ZoneSlots] {
        guard !definition.timezones.isEmpty else {
            return [ZoneSlots(schedule: try parse(definition, in: definition.timezone, id: id, anchor: anchor, now: now))]
        }
        var all: [ZoneSlots] = []
        for zone in definition.timezones {
            all.append(
                ZoneSlots(zone: zone, schedule: try parse(definition, in: zone, id: id, anchor: anchor, now: now)))
        }
        return all
    }

    package static func parse(
        _ definition: JobDefinition, in zone: String, id: JobID, anchor: Instant, now: Instant?
    ) throws(ScheduleError) -> Schedule {
        var options = Schedule.Options(timezone: zone)
        options.dialect = definition.dialect
        options.dstGap = definition.dstGap
        options.dstFold = definition.dstFold
        options.jobID = id.description
        options.anchor = anchor
        options.now = now
        options.allowPast = now == nil || definition.runIfPast
        return try Schedule(definition.schedule, options: options)
    }
}

extension ZoneSlots {
    private static let tick = Span(microseconds: 1)

    /// The first slot strictly after `instant`.
    package func nextSlot(after instant: Instant, of definition: JobDefinition) -> Instant? {
        var from = instant
        if let startAt = definition.startAt { from = max(from, startAt - Self.tick) }
        guard let slot = oneShotAwareNext(after: from) else { return nil }
        if let endAt = definition.endAt, slot >= endAt { return nil }
        return slot
    }

    /// The last slot strictly before `instant`, not looking further back than `limit`.
    package func previousSlot(before instant: Instant, after limit: Instant, of definition: JobDefinition) -> Instant? {
        var end = instant
        if let endAt = definition.endAt { end = min(end, endAt) }
        guard let slot = schedule.previous(before: end), slot > limit else { return nil }
        if let startAt = definition.startAt, slot < startAt { return nil }
        return slot
    }

    /// How many slots lie in (after, through].
    package func count(after: Instant, through: Instant, of definition: JobDefinition) -> Int {
        var from = after
        var end = through
        if let startAt = definition.startAt { from = max(from, startAt - Self.tick) }
        if let endAt = definition.endAt { end = min(end, endAt - Self.tick) }
        return from < end ? schedule.count(after: from, through: end) : 0
    }

    /// The newest `limit` slots of (after, through], oldest first.
    package func newest(after: Instant, through: Instant, limit: Int, of definition: JobDefinition) -> [ZonedSlot] {
        var slots: [ZonedSlot] = []
        var end = through + Self.tick
        while slots.count < limit, let slot = previousSlot(before: end, after: after, of: definition) {
            slots.append(ZonedSlot(at: slot, zone: zone))
            end = slot
        }
        return slots.reversed()
    }

    private func oneShotAwareNext(after instant: Instant) -> Instant? {
        if let moment = schedule.oneShotInstant { return moment > instant ? moment : nil }
        return schedule.next(after: instant)
    }
}

/// One slot of a job: no two of its runs have the same.
package struct ZonedSlot: Hashable, Comparable, Sendable {
    package var at: Instant
    package var zone: String

    package init(at: Instant, zone: String = "") {
        self.at = at
        self.zone = zone
    }

    package static func < (left: ZonedSlot, right: ZonedSlot) -> Bool {
        (left.at, left.zone) < (right.at, right.zone)
    }
}

extension Run {
    package var slot: ZonedSlot { ZonedSlot(at: scheduledFor, zone: zone) }
}
