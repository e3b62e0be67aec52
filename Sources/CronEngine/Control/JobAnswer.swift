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
