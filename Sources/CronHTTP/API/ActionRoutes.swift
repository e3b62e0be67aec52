import CronEngine
import CronModel
import HTTPTypes
import Hummingbird

/// Actions outside of jobs.
struct ActionRoutes: Sendable {
    let dryRuns: DryRunControl
    let tests: ActionTestControl
    let schema: JobSchema

    @Sendable func dryRun(_ request: APIRequest) async throws -> Response {
        Answer.json(try await dryRuns.perform(try await request.json(), space: request.owner).json)
    }

    @Sendable func test(_ request: APIRequest) async throws -> Response {
        Answer.json(try await tests.perform(try await request.json(), by: request.actor).json)
    }

    var routes: [Route] {
        [
            Route(
                .post, "/api/v1/actions/dry-run", .jobs(.write),
                Operation(
                    "dryRunAction", .actions, "Try an action out and take everything back",
                    about: "For SQL: its statements in a transaction that is rolled back. Within \(DryRunControl.longest).",
                    body: .json(
                        .object([
                            .required("action", schema.dryRunAction), .field("payload", .json, "As a job's."),
                        ])),
                    answers: [.json(.outcome)]),
                dryRun),
            Route(
                .post, "/api/v1/actions/test", .jobs(.write),
                Operation(
                    "testAction", .actions, "Test an action", about: Self.aboutTest,
                    body: .json(
                        .object([
                            .required("action", schema.testedAction, "As a job's."),
                            .field("payload", .json, "As a job's."),
                            .field("name", .line(0...JobLimit.nameBytes), "What it calls the job."),
                            .field("job_id", .id, "The job whose secrets stand for those that are left out."),
                        ])),
                    answers: [.json(.actionTest)], problems: [.limitReached, .notFound]),
                test),
        ]
    }

    private static let aboutTest =
        "Once and for real, before a job has it and with no run: a request carries `Cronpp-Test: true`, a message begins with "
        + "`[TEST]`, a program finds `CRONPP_TEST=1`. What can be taken back is: of SQL this is the dry run. The checks, limits "
        + "and permissions are those of a job and its runs. Within \(ActionTestControl.longest), at most "
        + "\(ActionTestControl.atOnce) of a space at once on a node. What came of it is in the audit log."
}
