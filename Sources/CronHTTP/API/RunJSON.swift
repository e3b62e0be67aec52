import CronEngine
import CronModel
import CronSchedule

extension Run {
    /// Members that a run may lack altogether are left out, the others are null.
    var json: JSONValue { .object(members) }

    /// With the lists that the request asked for.
    func json(attempts: [Attempt]?, events shown: [RunEvent]?) -> JSONValue {
        var members = members
        members["attempts"] = attempts.map { .array($0.map { $0.json(of: id) }) }
        members["events"] = shown.map { .array($0.map(\.json)) }
        return .object(members)
    }

    private var members: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "id": .string(id.description),
            "job_id": .string(jobID.description),
            "origin": .string(origin.name),
            "scheduled_for": .string(scheduledFor.description),
            "zone": .string(zone),
            "due_at": .string(dueAt.description),
            "status": .string(status.name),
            "attempt": .integer(Int64(attempt)),
            "fence": .integer(fence),
            "node": .text((owner ?? current?.node)?.description),
            "started_at": .text(current?.startedAt.description),
            "finished_at": .text(finishedAt?.description),
            "reason": .text(reason?.name),
            "last_error": .text(current?.outcome?.error),
            "cancel_requested": .bool(cancelRequested),
        ]
        members["skipped_count"] = skippedCount.map { .integer(Int64($0)) }
        members["last_scheduled_for"] = lastScheduledFor.map { .string($0.description) }
        members["blocked_on"] = blockedOn.map { .string(concurrencyKey ?? $0) }
        members["redrive_of"] = redriveOf.map { .string($0.description) }
        return members
    }

    /// When it came to its end: by its attempt's finish, or by being skipped or cancelled.
    private var finishedAt: Instant? {
        guard !status.isLive else { return nil }
        switch status {
        case .skipped, .cancelled: return events.last?.at
        default: return current?.finishedAt ?? events.last?.at
        }
    }
}

extension Attempt {
    func json(of run: RunID) -> JSONValue {
        var members: [String: JSONValue] = [
            "run_id": .string(run.description),
            "attempt": .integer(Int64(number)),
            "fence": .integer(fence),
            "node": .string(node.description),
            "started_at": .string(startedAt.description),
            "finished_at": .text(finishedAt?.description),
        ]
        if let outcome { members.merge(outcome.members) { $1 } }
        members["outcome"] = .text(outcome?.kind.rawValue)
        members["output_truncated"] = .bool(outcome?.outputTruncated ?? false)
        members["late_outcome"] = lateOutcome.map { .string($0.kind.rawValue) }
        return .object(members)
    }
}

extension Outcome {
    var json: JSONValue { .object(members) }

    fileprivate var members: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "outcome": .string(kind.rawValue), "output_truncated": .bool(outputTruncated),
        ]
        members["http_status"] = httpStatus.map { .integer(Int64($0)) }
        members["rows"] = rows.map { .integer(Int64($0)) }
        members["exit_code"] = exitCode.map { .integer(Int64($0)) }
        members["error"] = error.map { .string($0) }
        members["output"] = output.map { .string($0) }
        members["output_type"] = output.map { _ in .string(outputType) }
        return members
    }

    /// The media type of `output`.
    var outputType: String { isTable ? "text/csv" : "text/plain" }
}

extension ActionTest {
    var json: JSONValue {
        var members = outcome.members
        members["taken_back"] = .bool(isTakenBack)
        members["started_at"] = .string(startedAt.description)
        members["finished_at"] = .string(finishedAt.description)
        members["phases"] = .array(
            phases.map { .object(["name": .string($0.name.rawValue), "took": .string($0.took.description)]) })
        return .object(members)
    }
}

extension RunEvent {
    var json: JSONValue {
        .object([
            "at": .string(at.description),
            "from": .text(from?.name),
            "to": .string(to.name),
            "reason": .string(reason.name),
            "fence": .integer(fence),
            "attempt": .integer(Int64(attempt)),
            "node": .text(node?.description),
            "due_at": .text(dueAt?.description),
        ])
    }
}

extension Node {
    var json: JSONValue {
        .object([
            "id": .string(id.description),
            "pid": .integer(Int64(pid)),
            "host": .string(host),
            "version": .string(version),
            "started_at": .string(startedAt.description),
            "lease_until": .string(leaseUntil.description),
            "dead_at": .text(deadAt?.description),
        ])
    }
}

extension User {
    var json: JSONValue {
        .object([
            "id": .string(id.description),
            "space": .string(space.description),
            "role": .string(role.rawValue),
            "email": .string(email),
            "name": .text(name),
            "disabled": .bool(disabledAt != nil),
            "created_at": .string(createdAt.description),
        ])
    }
}

extension JSONValue {
    static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
