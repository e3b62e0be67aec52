import CronEngine
import CronModel
import HTTPTypes
import Hummingbird

extension BulkRoutes {
    var routes: [Route] {
        [
            route("pause", .operate, "pauseJobs", "Pause many jobs", handler: pause),
            route(
                "resume", .operate, "resumeJobs", "Resume many jobs",
                [.field("policy", .choice(ResumePolicy.self), "Instead of each job's `resume`, this once.")],
                handler: resume),
            route(
                "trigger", .operate, "triggerJobs", "Run many jobs now",
                [.field("payload", .json, "Instead of each job's, this once.")], parameters: [.idempotencyKey],
                handler: trigger),
            route("delete", .write, "deleteJobs", "Delete many jobs", handler: delete),
        ]
    }

    private func route(
        _ verb: String, _ level: Permission.Level, _ id: String, _ summary: String, _ members: [Schema.Member] = [],
        parameters: [Parameter] = [], handler: @escaping @Sendable (APIRequest) async throws -> Response
    ) -> Route {
        Route(
            .post, "/api/v1/jobs/bulk/\(verb)", .jobs(level),
            Operation(
                id, .jobs, summary,
                about: "Those that the filter selects, at most \(JobControl.matchLimit), each for itself.",
                parameters: parameters,
                body: .json(
                    .object([.required("filter", Self.filter, "Which jobs.")] + Schema.bulkMembers + members),
                    example: .object([
                        "filter": .object(["tag": "billing".json, "state": "active".json]), "dry_run": .bool(true),
                    ])),
                answers: [.json(.bulk(of: Schema.namedJob, Self.done))], problems: [.conflict, .limitReached]),
            handler)
    }

    private static let filter: Schema = {
        let narrowing: [Schema.Member] = [
            .field("ids", .list(of: .id, 0...JobControl.matchLimit), "Only these."),
            .field("state", .choice(JobState.self), "Only jobs in it."),
            .field(
                "status", .anyOf([.status, .oneOrMore(of: .status)]),
                "Only jobs that show it, or one of these; `FAILED` selects those whose last attempt failed."),
            .field("tag", .string(0...1_024), "Only jobs that have it."),
            .field("type", .string(0...1_024), "Only jobs of it."),
            .field("q", .string(1...1_024), "Part of the name, in any case."),
            .field("next_from", .instantText, "Only jobs that run next then or later."),
            .field("next_to", .instantText, "Only jobs that run next before then."),
            .field("created_from", .instantText, "Only jobs made then or later."),
            .field("created_to", .instantText, "Only jobs made before then."),
        ]
        let names = narrowing.map(\.name)
        let absent = names.map { Schema.Member.optional($0, Schema(type: "null")) }
        return Schema.anyOf([
            .object([.required("all", .constant(.bool(true)), "Every job: to be said on purpose.")] + absent),
            .object(narrowing + [.field("all", .constant(.bool(false)))]).giving(oneOf: names),
        ]).named("JobFilter")
    }()

    private static let done = Schema.object([
        .required("count", .count(), "How many jobs were selected."),
        .required("done", .count(), "With how many it was done."),
        .required(
            "failed",
            .list(
                of: .object([
                    .required("id", .id), .required("name", .string()),
                    .required("error", .problem, "Why it was not done."),
                ])), "With which it was not."),
    ])
}

extension Schema {
    /// An object in which at least one of these members is there and not null.
    func giving(oneOf names: [String]) -> Schema {
        let given = names.map { name in
            Schema([:]).with("required", .array([.string(name)])).with(
                "properties", .object([name: .object(["not": .object(["type": .string("null")])])]))
        }
        return with("anyOf", .list(given))
    }

    static let namedJob = Schema.object([.required("id", .id), .required("name", .string())])

    /// What every request about many things takes.
    static let bulkMembers: [Member] = [
        .field("dry_run", .bool, default: .bool(false), "Tell what it is about, and do nothing."),
        .field(
            "expected_count", .integer(BulkRequest.countRange),
            "How many it should be about: another number is a conflict, which tells it."),
    ]

    /// What it answers: done, or what would be done.
    static func bulk(of sample: Schema, _ done: Schema) -> Schema {
        .anyOf([
            done,
            .object([
                .required("count", .count(), "How many it is about."),
                .required("dry_run", .constant(.bool(true)), "Nothing was done."),
                .required("sample", .list(of: sample, 0...BulkRequest.sampleSize), "The first of them."),
            ]),
        ])
    }
}
