import CronEngine
import CronModel
import HTTPTypes

extension RunRoutes {
    var routes: [Route] { reading + deciding + dead }

    private static let path = "/api/v1/runs"

    private static let include = Parameter.query(
        "include", .oneOrMore(of: .choice(Include.self)), "Lists to show with each run.")

    private static let ofJob = Parameter.query("job_id", .id, "Only runs of this job.")
    private static let from = Parameter.query("from", .instantText, "Slots from then on.")
    private static let to = Parameter.query("to", .instantText, "Slots before then.")
    private static let tag = Parameter.query("tag", .word, "Only runs of jobs that have it and are not deleted.")
    private static let type = Parameter.query("type", .word, "Only runs of jobs of it that are not deleted.")

    private var reading: [Route] {
        [
            Route(
                .get, Self.path, .jobs(.read),
                Operation(
                    "listRuns", .runs, "List runs",
                    about:
                        "Ordered by `scheduled_for`. A range of equal skips that reaches into the window is included.",
                    parameters: [
                        Self.ofJob, Self.tag, Self.type,
                        .query("origin", .oneOrMore(of: .origin), "Only runs that came from one of these."),
                        .query(
                            "status", .oneOrMore(of: .status),
                            "Only runs in one of these; `FAILED` selects those whose last attempt failed."),
                        Self.from, Self.to,
                        Self.include,
                    ] + Parameter.page,
                    answers: [.page(of: .run)], problems: [.notFound]),
                list),
            Route(
                .get, "\(Self.path)/{id}", .jobs(.read),
                Operation("readRun", .runs, "Read a run", parameters: [.runID, Self.include], answers: [.json(.run)]),
                read),
            Route(
                .get, "\(Self.path)/{id}/attempts", .jobs(.read),
                Operation(
                    "listAttempts", .runs, "List a run's attempts", parameters: [.runID],
                    answers: [.page(of: .attempt, "All of them, oldest first.")]),
                attempts),
            Route(
                .get, "\(Self.path)/{id}/attempts/{attempt}/table", .jobs(.read),
                Operation(
                    "readAttemptTable", .runs, "Download the table that an attempt selected",
                    parameters: [.runID, .path("attempt", .count(from: 1), "The attempt's number.")],
                    answers: [
                        AnswerDescription(
                            status: .ok, about: "The table, as far as it was kept: `output_truncated`.",
                            schema: Schema(type: "string"), type: "text/csv",
                            headers: [
                                HeaderDescription(
                                    name: "Content-Disposition", schema: Schema(type: "string"),
                                    about: "To be saved as a file.")
                            ])
                    ]),
                table),
            Route(
                .get, "\(Self.path)/{id}/events", .jobs(.read),
                Operation(
                    "listRunEvents", .runs, "List what happened to a run", parameters: [.runID],
                    answers: [.page(of: .runEvent, "All of it, oldest first.")]),
                events),
        ]
    }

    private var deciding: [Route] {
        [
            Route(
                .post, "\(Self.path)/{id}/cancel", .jobs(.operate),
                Operation(
                    "cancelRun", .runs, "Cancel a run", parameters: [.runID], body: .nothing,
                    answers: [
                        .json(.run, "The run has ended."),
                        .json(.run, status: .accepted, "The run was under way and has yet to end."),
                    ], problems: [.conflict]),
                cancel),
            Route(
                .post, "\(Self.path)/{id}/redrive", .jobs(.operate),
                Operation(
                    "redriveRun", .deadLetters, "Run a dead letter again",
                    about: "With the job's current definition and fresh retries. Of a job that delivers at most once, "
                        + "a run of which something may have left is run again as another run.",
                    parameters: [.runID, .idempotencyKey], body: .payload, answers: [.started],
                    problems: [.conflict, .limitReached]),
                redrive),
            Route(
                .post, "\(Self.path)/{id}/discard", .jobs(.operate),
                Operation(
                    "discardRun", .deadLetters, "Discard a dead letter", parameters: [.runID], body: .nothing,
                    answers: [.json(.run)], problems: [.conflict]),
                discard),
        ]
    }

    private var dead: [Route] {
        [
            Route(
                .get, "/api/v1/dead-letters", .jobs(.read),
                Operation(
                    "listDeadLetters", .deadLetters, "List dead letters",
                    parameters: [Self.ofJob, Self.tag, Self.type, Self.from, Self.to] + Parameter.page,
                    answers: [.page(of: .run)], problems: [.notFound]),
                deadLetters),
            Route(
                .post, "/api/v1/dead-letters/redrive", .jobs(.operate),
                Operation(
                    "redriveDeadLetters", .deadLetters, "Run many dead letters again", body: Self.selection,
                    answers: [Self.results], problems: [.notFound, .conflict]),
                redriveMany),
            Route(
                .post, "/api/v1/dead-letters/discard", .jobs(.operate),
                Operation(
                    "discardDeadLetters", .deadLetters, "Discard many dead letters", body: Self.selection,
                    answers: [Self.results], problems: [.notFound, .conflict]),
                discardMany),
        ]
    }

    /// Runs, or what the dead letters that are meant have in common.
    private static let selection: BodyDescription = {
        let null = Schema(type: "null")
        let filters = ["job_id", "from", "to", "tag", "type"]
        let notAll = Schema.Member.field("all", .constant(.bool(false)))
        let absent = filters.map { Schema.Member.optional($0, null) } + [notAll]
        let some = Schema.object(
            [
                .field("job_id", .id, "Only this job's."), .field("from", .instantText, "Slots from then on."),
                .field("to", .instantText, "Slots before then."),
                .field("tag", .string(0...1_024), "Only of jobs that have it and are not deleted."),
                .field("type", .string(0...1_024), "Only of jobs of it that are not deleted."),
                .optional("ids", null), notAll,
            ] + Schema.bulkMembers
        ).giving(oneOf: filters)
        let all = Schema.object(
            [.required("all", .constant(.bool(true)), "All of them.")]
                + (filters + ["ids"]).map { .optional($0, null) } + Schema.bulkMembers)
        let ids = Schema.list(of: .id, 0...RunControl.bulkLimit)
        return .json(
            .anyOf([
                .object([.required("ids", ids, "These runs.")] + absent + Schema.bulkMembers), some, all,
            ]), example: .object(["ids": .array(["01800000-0000-7000-8000-000000000001".json])]))
    }()

    private static let results = AnswerDescription.json(
        .bulk(
            of: .object([.required("id", .id), .required("job_id", .id), .required("scheduled_for", .instant)]),
            .object([
                .required("results", .results(of: .required("id", .id, "The run."), .optional("run", .run))),
                .required(
                    "has_more", .bool, "There are more than \(RunControl.bulkLimit) of them: ask again."),
            ])))
}
