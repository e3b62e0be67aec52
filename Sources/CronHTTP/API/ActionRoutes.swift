import CronEngine
import CronModel
import HTTPTypes
import Hummingbird

/// Actions outside of jobs.
struct ActionRoutes: Sendable {
    let dryRuns: DryRunControl
    /// Of an action that can be taken back, as a job has it.
    let action: Schema

    @Sendable func dryRun(_ request: APIRequest) async throws -> Response {
        Answer.json(try await dryRuns.perform(try await request.json(), space: request.owner).json)
    }

    var routes: [Route] {
        [
            Route(
                .post, "/api/v1/actions/dry-run", .jobs(.write),
                Operation(
                    "dryRunAction", .actions, "Try an action out and take everything back",
                    about: "For SQL: its statements in a transaction that is rolled back. Within \(DryRunControl.longest).",
                    body: .json(
                        .object([.required("action", action), .field("payload", .json, "As a job's.")])),
                    answers: [.json(.outcome)]),
                dryRun)
        ]
    }
}
