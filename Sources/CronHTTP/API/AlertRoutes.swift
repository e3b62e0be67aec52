import CronEngine
import CronModel
import Hummingbird

/// What alert rules have found of a job.
struct AlertRoutes: Sendable {
    let store: any Store

    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/jobs/{id}/alerts", .jobs(.read),
                Operation(
                    "readJobAlerts", .jobs, "Read what alert rules have found of a job", parameters: [.jobID],
                    answers: [.json(Self.schema, "What is wrong now, and what is still to be told.")]),
                read)
        ]
    }

    private static let schema = Schema.object([
        .required(
            "problems",
            .list(
                of: .object([
                    .required("id", .id, "In all that is said of it."), .required("rule", .choice(AlertRule.self)),
                    .required("since", .instant), .required("run_id", .id.orNull), .required("title", .string()),
                    .required("message", .string()), .required("channels", .list(of: .string()), "Where it was told."),
                ])), "Rules that are broken now."),
        .required(
            "waiting",
            .list(
                of: .object([
                    .required("id", .id), .required("problem_id", .id), .required("rule", .choice(AlertRule.self)),
                    .required("resolved", .bool, "It tells an end."), .required("created_at", .instant),
                    .required("next_try_at", .instant), .required("tries", .count()),
                ])), "What has not reached its channels yet."),
        .required("last_failure", .string().orNull, "Why something was given up that was to be told."),
    ]).named("JobAlerts")

    @Sendable private func read(_ request: APIRequest) async throws -> Response {
        let (id, owner) = (try request.id(of: JobKind.self), try request.owner)
        guard try await store.job(id, owner: owner) != nil else { throw Problem.notFound }
        return Answer.json((try await store.watch(of: id, owner: owner)).json)
    }
}

extension Watch? {
    fileprivate var json: JSONValue {
        .object([
            "problems": .array(
                (self?.problems ?? [:]).sorted { $0.key < $1.key }.map { rule, problem in
                    .object([
                        "id": .string("\(problem.id)"), "rule": .string(rule.rawValue),
                        "since": .string("\(problem.since)"), "run_id": problem.run.map { .string("\($0)") } ?? .null,
                        "title": .string(problem.title), "message": .string(problem.text),
                        "channels": .array(problem.channels.map { .string($0) }),
                    ])
                }),
            "waiting": .array(
                (self?.notices ?? []).map { notice in
                    .object([
                        "id": .string("\(notice.id)"), "problem_id": .string("\(notice.problem)"),
                        "rule": .string(notice.rule.rawValue), "resolved": .bool(notice.isResolved),
                        "created_at": .string("\(notice.createdAt)"), "next_try_at": .string("\(notice.dueAt)"),
                        "tries": .integer(Int64(notice.attempt)),
                    ])
                }),
            "last_failure": (self?.lastFailure).map { .string($0) } ?? .null,
        ])
    }
}
