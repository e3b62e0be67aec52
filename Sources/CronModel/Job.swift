package import CronSchedule

package enum JobState: String, Codable, Sendable, CaseIterable {
    case active
    case paused
    case finished
    case disabled
}

/// What a user defined, and how far its slots are accounted for.
package struct Job: Hashable, Sendable {
    package let id: JobID
    package let userID: UserID
    package private(set) var definition: JobDefinition
    /// The parsed schedule of `definition`, with its anchor.
    package private(set) var schedule: Schedule
    /// Phase of `@every` and base of a relative delay: the commit that set the schedule's text.
    package private(set) var anchor: Instant
    package var state: JobState
    package var stateReason: String?
    /// Every slot up to here has exactly one run or lies in one skip range. Moves forward, except by an edit.
    package var cursor: Instant
    /// The first slot after the cursor that is to be planned; nil unless active.
    package var nextSlot: Instant?
    /// Runs planned so far, for `maxRuns`.
    package var plannedRuns: Int
    package let createdAt: Instant
    package var updatedAt: Instant
    package var version: Int64
    package var deletedAt: Instant?

    /// A job as a store kept it.
    /// - Throws: `ScheduleError` when the text no longer parses (a zone that left the tz database).
    package init(
        id: JobID, userID: UserID, definition: JobDefinition, anchor: Instant, state: JobState, cursor: Instant,
        createdAt: Instant, updatedAt: Instant, version: Int64
    ) throws(ScheduleError) {
        self.id = id
        self.userID = userID
        self.definition = definition
        self.anchor = anchor
        self.state = state
        self.cursor = cursor
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
        plannedRuns = 0
        schedule = try Self.parse(definition, id: id, anchor: anchor)
    }

    /// Replaces the definition.
    /// - Throws: `ScheduleError`; the job is then unchanged.
    package mutating func define(_ definition: JobDefinition, anchor: Instant) throws(ScheduleError) {
        schedule = try Self.parse(definition, id: id, anchor: anchor)
        self.definition = definition
        self.anchor = anchor
    }

    /// Parses a definition's schedule as a job with this id and anchor would run it.
    package static func parse(
        _ definition: JobDefinition, id: JobID, anchor: Instant, now: Instant? = nil
    ) throws(ScheduleError) -> Schedule {
        var options = Schedule.Options(timezone: definition.timezone)
        options.dialect = definition.dialect
        options.dstGap = definition.dstGap
        options.dstFold = definition.dstFold
        options.jobID = id.description
        options.anchor = anchor
        options.now = now
        options.allowPast = now == nil || definition.runIfPast
        return try Schedule(definition.schedule, options: options)
    }

    /// Slots before this moment are late by more than the misfire policy allows.
    package func lateEnd(at now: Instant) -> Instant { now - definition.misfire.after - definition.jitter }

    /// The due time of a slot: the slot itself, or later by a share of the jitter that is fixed for the slot, so that
    /// planning it twice gives the same instant.
    package func dueAt(slot: Instant) -> Instant {
        let width = definition.jitter.microseconds
        guard width > 0 else { return slot }
        var mixer = RandomSource(seed: id.high ^ id.low &* 31 ^ UInt64(bitPattern: slot.microseconds))
        return slot + Span(microseconds: Int64.random(in: 0...width, using: &mixer))
    }
}

extension Job {
    /// Whether its runs must ask what else runs, or has run, before they start.
    package var limitsStarts: Bool {
        definition.overlap != .allow || definition.maxConcurrent != nil || definition.concurrencyKey != nil
            || definition.rateLimit != nil
    }

    /// How many runs with one key may be RUNNING.
    package var runningLimit: Int { definition.overlap == .allow ? definition.maxConcurrent ?? .max : 1 }
}

/// The job's slots: the schedule's instants inside the job's window.
extension Job {
    /// The first slot strictly after `instant`.
    package func nextSlot(after instant: Instant) -> Instant? {
        var from = instant
        if let startAt = definition.startAt { from = max(from, startAt - Span(microseconds: 1)) }
        guard let slot = oneShotAwareNext(after: from) else { return nil }
        if let endAt = definition.endAt, slot >= endAt { return nil }
        return slot
    }

    /// The last slot strictly before `instant`, not looking further back than `limit`.
    package func previousSlot(before instant: Instant, after limit: Instant) -> Instant? {
        var end = instant
        if let endAt = definition.endAt { end = min(end, endAt) }
        guard let slot = schedule.previous(before: end), slot > limit else { return nil }
        if let startAt = definition.startAt, slot < startAt { return nil }
        return slot
    }

    /// How many slots lie in (after, through].
    package func slotCount(after: Instant, through: Instant) -> Int {
        let tick = Span(microseconds: 1)
        var from = after
        var end = through
        if let startAt = definition.startAt { from = max(from, startAt - tick) }
        if let endAt = definition.endAt { end = min(end, endAt - tick) }
        return from < end ? schedule.count(after: from, through: end) : 0
    }

    /// `instant`, or some microseconds later: the `scheduledFor` of a run that a person asked for, which must not be that
    /// of a slot nor of another row.
    package func momentBesideSlots(_ instant: Instant, taken: Set<Instant>) -> Instant {
        let tick = Span(microseconds: 1)
        var moment = instant
        while taken.contains(moment) || slotCount(after: moment - tick, through: moment) > 0 { moment = moment + tick }
        return moment
    }

    private func oneShotAwareNext(after instant: Instant) -> Instant? {
        if let moment = schedule.oneShotInstant { return moment > instant ? moment : nil }
        return schedule.next(after: instant)
    }
}
