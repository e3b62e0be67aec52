import CronEngine
import CronModel
import HTTPTypes

extension JobRoutes {
    var routes: [Route] { collection + one + life + [previewing] }

    private static let path = "/api/v1/jobs"
    private static let created = HeaderDescription.location(path)
    private static let createdIfNew = HeaderDescription.location(path, isRequired: false)

    private var collection: [Route] {
        [
            Route(
                .get, Self.path, .jobs(.read),
                Operation(
                    "listJobs", .jobs, "List jobs",
                    parameters: [
                        .query("state", .choice(JobState.self), "Only jobs in it."),
                        .query("tag", .word, "Only jobs that have it."), .query("type", .word, "Only jobs of it."),
                        .query("q", .word, "Part of the name, in any case."),
                        .query(
                            "status", .oneOrMore(of: .status),
                            "Only jobs that show one of these; `FAILED` selects those whose last attempt failed."),
                        .query("next_from", .instantText, "Only jobs that run next then or later."),
                        .query("next_to", .instantText, "Only jobs that run next before then."),
                        .query("created_from", .instantText, "Only jobs made then or later."),
                        .query("created_to", .instantText, "Only jobs made before then."),
                        .query(
                            "sort",
                            Schema.choice(JobSort.self).with("default", .string(JobSort.createdAt.rawValue)),
                            "The list's order: names by their bytes, jobs that will not run after all others."),
                    ] + Parameter.page(cursor: .sortedCursor),
                    answers: [.page(of: schema.job, cursor: .sortedCursor)]),
                list),
            Route(
                .post, Self.path, .jobs(.write),
                Operation(
                    "createJob", .jobs, "Create a job", parameters: [.idempotencyKey],
                    body: .json(schema.draft, example: Self.example),
                    answers: [
                        .json(
                            schema.job, status: .created, "The job.",
                            headers: [.eTag, Self.created, .idempotencyReplayed])
                    ], problems: [.conflict, .limitReached]),
                create),
            Route(
                .post, "\(Self.path)/bulk", .jobs(.write),
                Operation(
                    "createJobs", .jobs, "Create many jobs",
                    about: "Each has its own result; those that are right are stored together.",
                    parameters: [.idempotencyKey],
                    body: .json(
                        .object([.required("jobs", Self.drafts(schema.draft))]),
                        example: .object(["jobs": .array([Self.example])])),
                    answers: [
                        .json(
                            .object([
                                .required(
                                    "results",
                                    .results(
                                        of: .required("index", .count(), "Its place in the request."),
                                        .optional("job", schema.job)))
                            ]))
                    ]),
                createMany),
            Route(
                .put, "\(Self.path)/by-name/{name}", .jobs(.write),
                Operation(
                    "upsertJob", .jobs, "Create a job or replace the one of that name",
                    about: "A finished job of that name is armed again.",
                    parameters: [
                        .path("name", .line(1...JobLimit.nameBytes), "The job's name."), .ifMatch,
                    ],
                    body: .json(schema.upsert, example: Self.example(without: "name")),
                    answers: [
                        .json(schema.job, "The job, replaced.", headers: [.eTag]),
                        .json(schema.job, status: .created, "The job, new.", headers: [.eTag, Self.created]),
                    ], problems: [.conflict, .limitReached]),
                upsert),
        ]
    }

    private var one: [Route] {
        let job = AnswerDescription.json(schema.job, headers: [.eTag])
        return [
            Route(
                .get, "\(Self.path)/{id}", .jobs(.read),
                Operation("readJob", .jobs, "Read a job", parameters: [.jobID], answers: [job]), read),
            Route(
                .put, "\(Self.path)/{id}", .jobs(.write),
                Operation(
                    "replaceJob", .jobs, "Replace a job",
                    about: "What is left out takes its default, but secrets stay. An answer may be sent back.",
                    parameters: [.jobID, .ifMatch], body: .json(schema.replacement, example: Self.example),
                    answers: [job], problems: [.conflict]),
                replace),
            Route(
                .patch, "\(Self.path)/{id}", .jobs(.write),
                Operation(
                    "patchJob", .jobs, "Change a job", about: "JSON Merge Patch (RFC 7396): what is left out stays.",
                    parameters: [.jobID, .ifMatch],
                    body: BodyDescription(
                        schema: schema.patch, example: .object(["schedule": "0 10 * * MON-FRI".json]),
                        types: ["application/merge-patch+json", "application/json"]),
                    answers: [job], problems: [.conflict]),
                merge),
            Route(
                .delete, "\(Self.path)/{id}", .jobs(.write),
                Operation(
                    "deleteJob", .jobs, "Delete a job", about: "Its runs stay readable until their retention ends.",
                    parameters: [.jobID, .ifMatch], answers: [.noContent], problems: [.conflict]),
                delete),
        ]
    }

    private var life: [Route] {
        let job = AnswerDescription.json(schema.job, headers: [.eTag])
        return [
            Route(
                .post, "\(Self.path)/{id}/pause", .jobs(.operate),
                Operation(
                    "pauseJob", .jobs, "Pause a job", parameters: [.jobID, .ifMatch], body: .nothing, answers: [job],
                    problems: [.conflict]),
                pause),
            Route(
                .post, "\(Self.path)/{id}/resume", .jobs(.operate),
                Operation(
                    "resumeJob", .jobs, "Resume a job", parameters: [.jobID, .ifMatch],
                    body: .optional(
                        .object([
                            .field("policy", .choice(ResumePolicy.self), "Instead of the job's `resume`, this once.")
                        ]), example: .object(["policy": "last".json])),
                    answers: [job], problems: [.conflict]),
                resume),
            Route(
                .post, "\(Self.path)/{id}/trigger", .jobs(.operate),
                Operation(
                    "triggerJob", .jobs, "Run a job now", about: "Also a paused one.",
                    parameters: [.jobID, .ifMatch, .idempotencyKey], body: .payload, answers: [.started],
                    problems: [.conflict, .limitReached]),
                trigger),
            Route(
                .post, "\(Self.path)/{id}/cancel", .jobs(.operate),
                Operation(
                    "cancelJobRuns", .jobs, "Cancel a job's runs",
                    about: "All that wait, and those under way, which end a little later. The job stays active.",
                    parameters: [.jobID, .ifMatch], body: .nothing,
                    answers: [.json(schema.job, status: .accepted, "The job.", headers: [.eTag])],
                    problems: [.conflict]),
                cancel),
        ]
    }

    private var previewing: Route {
        Route(
            .post, "/api/v1/schedules/preview", .jobs(.read),
            Operation(
                "previewSchedule", .schedules, "See when a schedule would fire",
                body: .json(
                    .previewRequest,
                    example: .object([
                        "schedule": "0 9 * * MON-FRI".json, "timezone": "Europe/Berlin".json, "count": .integer(3),
                    ])), answers: [.json(.preview)], usesStore: false),
            preview)
    }

    /// One that is not as it should be has a result that says so, so anything goes.
    private static func drafts(_ draft: Schema) -> Schema {
        .list(of: .anyOf([draft, .json]), 0...JobControl.bulkLimit)
    }

    private static let example = example(without: "")

    private static func example(without name: String) -> JSONValue {
        .object(
            [
                "name": "nightly report".json, "schedule": "0 9 * * MON-FRI".json, "timezone": "Europe/Berlin".json,
                "action": .object(["type": "webhook".json, "url": "https://example.com/report".json]),
                "payload": .object(["format": "csv".json]),
            ].filter { $0.key != name })
    }
}

extension BodyDescription {
    /// Of what runs a job once.
    static let payload = BodyDescription.optional(
        .object([.field("payload", .json, "Instead of the job's, this once.")]),
        example: .object(["payload": .object(["format": "pdf".json])]))
}
