package import CronModel
package import CronSchedule

/// A job as control shows it: without its secrets.
package struct JobAnswer: Sendable {
    package let id: JobID
    package let userID: UserID
    package let version: Int64
    package let state: JobState
    package let stateReason: String?
    package let anchor: Instant
    package let createdAt: Instant
    package let updatedAt: Instant
    package let nextRunTime: Instant?
    /// The newest run that has started.
    package let newest: Run?
    /// As it was read, in each of the job's zones.
    private let schedules: [Schedule]
    private let slots: [ZoneSlots]
    private let stored: JobDefinition
    /// Things a person should hear about a valid schedule.
    package let notices: [String]
    /// The owner's fields, secrets redacted.
    package let definition: [String: JSONValue]

    init(_ view: JobView, secrets: ActionSecrets) {
        id = view.job.id
        userID = view.job.userID
        version = view.job.version
        state = view.job.state
        stateReason = view.job.stateReason
        anchor = view.job.anchor
        createdAt = view.job.createdAt
        updatedAt = view.job.updatedAt
        nextRunTime = view.nextRunTime
        newest = view.newest
        schedules = view.job.zones.map(\.schedule)
        slots = view.job.zones
        stored = view.job.definition
        notices = view.job.schedule.notices
        definition = secrets.redacted(view.job.definition)
    }

    /// The schedule in plain English.
    package var words: String {
        guard let first = schedules.first else { return "" }
        let words = first.explanation()
        let ending = ", in \(first.zone)"
        guard schedules.count > 1, words.hasSuffix(ending) else { return words }
        return "\(words.dropLast(ending.count)), in each of \(schedules.map(\.zone).joined(separator: ", "))"
    }

    /// The zone of the schedule; of several, the first.
    package var zone: String { schedules.first?.zone ?? "UTC" }

    /// The schedule's first slots in (after, through], whatever the job's state.
    /// - Parameter limit: of each zone.
    package func slots(after: Instant, through: Instant, limit: Int) -> [Instant] {
        slots.flatMap { zone in
            var found: [Instant] = []
            var last = after
            while found.count < limit, let slot = zone.nextSlot(after: last, of: stored), slot <= through, slot > last {
                found.append(slot)
                last = slot
            }
            return found
        }.sorted()
    }

    /// How many slots the schedule has in (after, through], whatever the job's state.
    package func slotCount(after: Instant, through: Instant) -> Int {
        slots.reduce(0) { $0 + $1.count(after: after, through: through, of: stored) }
    }

    /// The owner's fields and what the server knows of the job, side by side.
    package var json: JSONValue {
        var members = definition
        members["id"] = .string(id.description)
        members["user_id"] = .string(userID.description)
        members["version"] = .integer(version)
        members["state"] = .string(state.rawValue)
        members["state_reason"] = stateReason.map { .string($0) } ?? .null
        members["anchor"] = .string(anchor.description)
        members["created_at"] = .string(createdAt.description)
        members["updated_at"] = .string(updatedAt.description)
        members["next_run_time"] = nextRunTime.map { .string($0.description) } ?? .null
        members["status"] = .string((newest?.status ?? .pending).name)
        members["retry_count"] = .integer(Int64(newest.map { max(0, $0.attempt - $0.budgetBase - 1) } ?? 0))
        members["last_error"] = newest?.current?.outcome?.error.map { .string($0) } ?? .null
        members["notices"] = .array(notices.map { .string($0) })
        return .object(members)
    }
}
