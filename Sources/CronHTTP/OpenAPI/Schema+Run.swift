import CronEngine
import CronModel
import CronSchedule

/// What runs are made of, and nodes.
extension Schema {
    static let status = Schema.choice(RunStatus.allCases.map(\.name))
    static let reason = Schema.choice(RunReason.allCases.map(\.name))
    static let origin = Schema.choice(RunOrigin.allCases.map(\.name))

    static let run = Schema.object([
        .required("id", .id, "The `webhook-id` of every attempt."),
        .required("job_id", .id),
        .required("origin", .origin, "Where it came from."),
        .required("scheduled_for", .instant, "The slot; of a triggered run the moment of the trigger. Never changes."),
        .required("zone", .string(), "Empty unless the job has several time zones."),
        .required("due_at", .instant, "When it may start; moves with jitter and retries."),
        .required("status", .status),
        .required("attempt", .count(), "Attempts started so far."),
        .required("fence", .count(), "Goes up at every claim, requeue, reap and edit."),
        .required("node", .id.orNull, "Who holds it, or made its newest attempt."),
        .required("started_at", .instant.orNull, "Of its newest attempt."),
        .required("finished_at", .instant.orNull, "When it came to its end."),
        .required("reason", .reason.orNull, "Why it stands where it stands."),
        .required("last_error", .string().orNull, "Of its newest attempt."),
        .required("cancel_requested", .bool, "It was asked to end."),
        .optional("skipped_count", .count(from: 1), "Of a range of equal skips: how many slots it holds."),
        .optional("last_scheduled_for", .instant, "Of a range of equal skips: its last slot."),
        .optional("blocked_on", .string(), "What must become free before it may start."),
        .optional("redrive_of", .id, "The dead letter that it runs again."),
        .optional("attempts", .list(of: .attempt), "With `include=attempts`; oldest first."),
        .optional("events", .list(of: .runEvent), "With `include=events`; oldest first."),
    ]).named("Run")

    /// What an action came to.
    static let outcome = Schema.object(
        [.required("outcome", .choice(Outcome.Kind.self))] + ofOutcome
    ).named("Outcome")

    /// What a test of an action came to.
    static let actionTest = Schema.object(
        [.required("outcome", .choice(Outcome.Kind.self))] + ofOutcome + [
            .required("taken_back", .bool, "Nothing of what it did has stayed."),
            .required("started_at", .instant), .required("finished_at", .instant),
            .required(
                "phases",
                .list(
                    of: .object([
                        .required("name", .choice(ActionPhase.Name.self)), .required("took", .span()),
                    ])), "The parts of a request in order, as far as it got."),
        ]
    ).named("ActionTest")

    private static let ofOutcome: [Member] = [
        .required("output_truncated", .bool),
        .optional("http_status", .integer(100...999), "What the receiver answered."),
        .optional("rows", .count(), "How many rows were changed or, if none could be, selected."),
        .optional("exit_code", Schema(type: "integer")),
        .optional("error", .string()),
        .optional("output", .string(), "What came back, up to \(Outcome.outputLimitBytes) bytes."),
        .optional("output_type", .choice(["text/csv", "text/plain"]), "`text/csv`: a table (RFC 4180)."),
    ]

    static let attempt = Schema.object([
        .required("run_id", .id),
        .required("attempt", .count(from: 1), "Its number."),
        .required("fence", .count(), "Under which it was made."),
        .required("node", .id, "Who made it."),
        .required("started_at", .instant),
        .required("finished_at", .instant.orNull),
        .required("outcome", Schema.choice(Outcome.Kind.self).orNull, "Null while it is under way."),
    ] + ofOutcome + [
        .optional(
            "late_outcome", .choice(Outcome.Kind.self),
            "What came after the run had been taken away: kept, never applied."),
    ]).named("Attempt")

    static let runEvent = Schema.object([
        .required("at", .instant),
        .required("from", .status.orNull, "Null at the beginning."),
        .required("to", .status),
        .required("reason", .reason),
        .required("fence", .count()),
        .required("attempt", .count()),
        .required("node", .id.orNull, "Whose doing it was, if a node's."),
        .required("due_at", .instant.orNull, "Of a run that waits: until when."),
    ]).named("RunEvent")

    static let node = Schema.object([
        .required("id", .id, "The incarnation, new at each start."),
        .required("pid", .count()),
        .required("host", .string()),
        .required("version", .string()),
        .required("started_at", .instant),
        .required("lease_until", .instant, "It counts as alive until then."),
        .required("dead_at", .instant.orNull, "When it was found dead."),
    ]).named("Node")

    /// The results of a request about many things, each with its own status.
    static func results(of key: Schema.Member, _ success: Schema.Member) -> Schema {
        .list(
            of: .object([
                key, .required("status", .integer(200...599), "As if it had been asked for alone."),
                success, .optional("error", .problem, "Why it was not done."),
            ]))
    }
}
