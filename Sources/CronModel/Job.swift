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
    /// The parsed schedule of `definition`, with its anchor: once for each of its zones, never none.
    package private(set) var zones: [ZoneSlots]
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
        zones = try ZoneSlots.parse(definition, id: id, anchor: anchor)
    }

    /// What is the same in all zones: its kind, its text.
    package var schedule: Schedule { zones[0].schedule }

    /// Replaces the definition.
    /// - Throws: `ScheduleError`; the job is then unchanged.
    package mutating func define(_ definition: JobDefinition, anchor: Instant) throws(ScheduleError) {
        zones = try ZoneSlots.parse(definition, id: id, anchor: anchor)
        self.definition = definition
        self.anchor = anchor
    }

    /// Slots before this moment are late by more than the misfire policy allows.
    package func lateEnd(at now: Instant) -> Instant { now - definition.misfire.after - definition.jitter }

    /// The due time of a slot: the slot itself, or later by a share of the jitter that is fixed for the slot, so that
    /// planning it twice gives the same instant.
    package func dueAt(slot: Instant, zone: String = "") -> Instant {
        let width = definition.jitter.microseconds
        guard width > 0 else { return slot }
        let mixed = zone.utf8.reduce(id.high ^ id.low &* 31) { $0 &* 31 &+ UInt64($1) }
        var mixer = RandomSource(seed: mixed ^ UInt64(bitPattern: slot.microseconds))
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
    /// The first slot strictly after `instant`, in whichever zone.
    package func nextSlot(after instant: Instant) -> Instant? {
        zones.lazy.compactMap { $0.nextSlot(after: instant, of: definition) }.min()
    }

    /// The zones that have a slot at `instant`.
    package func zones(at instant: Instant) -> [ZoneSlots] {
        let before = instant - Span(microseconds: 1)
        return zones.count == 1 ? zones : zones.filter { $0.nextSlot(after: before, of: definition) == instant }
    }

    /// How many slots lie in (after, through], of one zone or of all together.
    package func slotCount(after: Instant, through: Instant, zone: String? = nil) -> Int {
        zones.reduce(0) { count, slots in
            guard zone == nil || zone == slots.zone else { return count }
            return count + slots.count(after: after, through: through, of: definition)
        }
    }

    /// `instant`, or some microseconds later: the `scheduledFor` of a run that a person asked for, which must not be that
    /// of a slot nor of another row.
    package func momentBesideSlots(_ instant: Instant, taken: Set<Instant>) -> Instant {
        let tick = Span(microseconds: 1)
        var moment = instant
        while taken.contains(moment) || slotCount(after: moment - tick, through: moment) > 0 { moment = moment + tick }
        return moment
    }
}
