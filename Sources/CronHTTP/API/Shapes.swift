import CronEngine
import CronModel
import CronSchedule

/// Jobs, runs, attempts and events as the API shows them.
enum Shape {
    static func job(_ view: JobView, _ control: JobControl) -> JSONValue {
        let job = view.job
        var members = control.shown(job.definition)
        members["id"] = .string(job.id.description)
        members["user_id"] = .string(job.userID.description)
        members["state"] = .string(job.state.rawValue)
        members["state_reason"] = job.stateReason.map { .string($0) } ?? .null
        members["anchor"] = instant(job.anchor)
        members["created_at"] = instant(job.createdAt)
        members["updated_at"] = instant(job.updatedAt)
        members["version"] = .integer(job.version)
        members["next_run_time"] = instant(view.nextRunTime)
        members["status"] = .string((view.newest?.status ?? .pending).name)
        members["retry_count"] = .integer(Int64(view.newest.map { max(0, $0.attempt - $0.budgetBase - 1) } ?? 0))
        members["last_error"] = (view.newest?.current?.outcome?.error).map { .string($0) } ?? .null
        members["notices"] = .array(job.schedule.notices.map { .string($0) })
        return .object(members)
    }

    static func run(_ run: Run, attempts: [Attempt]? = nil, events: Bool = false) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(run.id.description), "job_id": .string(run.jobID.description),
            "origin": .string(run.origin.name), "scheduled_for": instant(run.scheduledFor), "zone": .string(run.zone),
            "due_at": instant(run.dueAt), "status": .string(run.status.name), "attempt": .integer(Int64(run.attempt)),
            "fence": .integer(run.fence), "cancel_requested": .bool(run.cancelRequested),
        ]
        members["node"] = (run.owner ?? run.current?.node).map { .string($0.description) } ?? .null
        members["started_at"] = instant(run.current?.startedAt)
        members["finished_at"] = instant(run.current?.finishedAt)
        members["reason"] = run.reason.map { .string($0.name) } ?? .null
        members["last_error"] = (run.current?.outcome?.error).map { .string($0) } ?? .null
        members["blocked_on"] = run.blockedOn.map { .string($0) }
        members["redrive_of"] = run.redriveOf.map { .string($0.description) }
        members["last_scheduled_for"] = run.lastScheduledFor.map { instant($0) }
        members["skipped_count"] = run.skippedCount.map { .integer(Int64($0)) }
        members["attempts"] = attempts.map { .array($0.map { attempt($0, of: run.id) }) }
        if events { members["events"] = .array(run.events.map(event)) }
        return .object(members)
    }

    static func attempt(_ attempt: Attempt, of run: RunID) -> JSONValue {
        var members: [String: JSONValue] = [
            "run_id": .string(run.description), "attempt": .integer(Int64(attempt.number)),
            "fence": .integer(attempt.fence), "node": .string(attempt.node.description),
            "started_at": instant(attempt.startedAt), "finished_at": instant(attempt.finishedAt),
            "outcome": (attempt.outcome?.kind.rawValue).map { .string($0) } ?? .null,
        ]
        if let outcome = attempt.outcome {
            members["http_status"] = outcome.httpStatus.map { .integer(Int64($0)) }
            members["rows"] = outcome.rows.map { .integer(Int64($0)) }
            members["exit_code"] = outcome.exitCode.map { .integer(Int64($0)) }
            members["error"] = outcome.error.map { .string($0) }
            members["output"] = outcome.output.map { .string($0) }
            if outcome.outputTruncated { members["output_truncated"] = .bool(true) }
        }
        members["late_outcome"] = (attempt.lateOutcome?.kind.rawValue).map { .string($0) }
        return .object(members)
    }

    static func event(_ event: RunEvent) -> JSONValue {
        .object([
            "at": instant(event.at), "from": event.from.map { .string($0.name) } ?? .null, "to": .string(event.to.name),
            "reason": .string(event.reason.name), "fence": .integer(event.fence),
            "attempt": .integer(Int64(event.attempt)), "node": event.node.map { .string($0.description) } ?? .null,
            "due_at": instant(event.dueAt),
        ])
    }

    static func user(_ user: User) -> JSONValue {
        .object([
            "id": .string(user.id.description), "email": .string(user.email),
            "name": user.name.map { .string($0) } ?? .null, "created_at": instant(user.createdAt),
        ])
    }

    static func node(_ node: Node) -> JSONValue {
        .object([
            "id": .string(node.id.description), "pid": .integer(Int64(node.pid)), "host": .string(node.host),
            "version": .string(node.version), "started_at": instant(node.startedAt),
            "lease_until": instant(node.leaseUntil), "dead_at": instant(node.deadAt),
        ])
    }

    private static func instant(_ instant: Instant?) -> JSONValue { instant.map { .string($0.description) } ?? .null }
}
