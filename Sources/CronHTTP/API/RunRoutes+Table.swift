import CronEngine
import CronModel
import HTTPTypes

extension RunRoutes {
    var routes: [Route] { reading + deciding + dead }

    private static let path = "/api/v1/runs"

    private static let include = Parameter.query(
        "include", Schema.list(of: .choice(Include.self)).with("minItems", .integer(1)), "Lists to show with each run.")

    private static let ofJob = Parameter.query("job_id", .id, "Only runs of this job.")

    private var reading: [Route] {
        [
            Route(
                .get, Self.path, .jobs(.read),
                Operation(
                    "listRuns", .runs, "List runs",
                    about:
                        "Ordered by `scheduled_for`. A range of equal skips that reaches into the window is included.",
                    parameters: [
                        Self.ofJob,
                        .query(
                            "status", Schema.list(of: .status).with("minItems", .integer(1)),
                            "Only runs in one of these; `FAILED` selects those whose last attempt failed."),
                        .query("from", .instantText, "Slots from then on."),
                        .query("to", .instantText, "Slots before then."),
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
                    parameters: [.runID], body: .payload,
                    answers: [.json(.run, status: .accepted, "The run.", headers: [.location(Self.path)])],
                    problems: [.conflict]),
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
                    "listDeadLetters", .deadLetters, "List dead letters", parameters: [Self.ofJob] + Parameter.page,
                    answers: [.page(of: .run)], problems: [.notFound]),
                deadLetters),
            Route(
                .post, "/api/v1/dead-letters/redrive", .jobs(.operate),
                Operation(
                    "redriveDeadLetters", .deadLetters, "Run many dead letters again", body: Self.selection,
                    answers: [Self.results], problems: [.notFound]),
                redriveMany),
            Route(
                .post, "/api/v1/dead-letters/discard", .jobs(.operate),
                Operation(
                    "discardDeadLetters", .deadLetters, "Discard many dead letters", body: Self.selection,
                    answers: [Self.results], problems: [.notFound]),
                discardMany),
        ]
    }

    /// Runs, or the job whose dead letters are meant.
    private static let selection: BodyDescription = {
        let ids = Schema.list(of: .id, 0...RunControl.bulkLimit)
        let null = Schema(type: "null")
        return .json(
            .anyOf([
                .object([.required("ids", ids, "These runs."), .optional("job_id", null)]),
                .object([
                    .required("job_id", .id, "All of this job's, the oldest first."), .optional("ids", null),
                ]),
            ]), example: .object(["ids": .array(["01800000-0000-7000-8000-000000000001".json])]))
    }()

    private static let results = AnswerDescription.json(
        .object([
            .required("results", .results(of: .required("id", .id, "The run."), .optional("run", .run))),
            .required("has_more", .bool, "The job has more of them: ask again."),
        ]))
}
