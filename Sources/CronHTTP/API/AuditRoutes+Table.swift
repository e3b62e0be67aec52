import CronModel
import HTTPTypes

extension AuditRoutes {
    private static let path = "/api/v1/audit"

    var routes: [Route] {
        [
            Route(
                .get, Self.path, .audit(.read),
                Operation(
                    "listAudit", .audit, "List what was done",
                    about: "Every change and sign-in, in the order in which it happened.",
                    parameters: [
                        .query("target", .word, "Only what was done to the thing of this id."),
                        .query("from", .instantText, "From then on."), .query("to", .instantText, "Before then."),
                    ] + Parameter.page,
                    answers: [.page(of: Self.record)]),
                list),
            Route(
                .get, "\(Self.path)/export", .audit(.read),
                Operation(
                    "exportAudit", .audit, "Export the audit log",
                    about: "All of it, a line of JSON for each record, oldest first.",
                    answers: [.text("application/x-ndjson", "The lines.")]),
                export),
        ]
    }

    private static let record = Schema.object([
        .required("sequence", .count(from: 1), "Without gaps."),
        .required("at", .instant),
        .required("act", .string(), "Such as `job.pause`."),
        .required("target", Schema.string().orNull, "The id of what it was done to."),
        .required("user_id", Schema.id.orNull, "Who did it; null where nobody was signed in."),
        .required("api_key_id", Schema.id.orNull, "The API key that was used."),
        .required("address", .string(), "Where the request came from."),
        .required("request_id", .string()),
        .optional("before", .anything, "What was there, without secrets."),
        .optional("after", .anything, "What is there now, without secrets."),
        .required(
            "hash", .string(pattern: "^[0-9a-f]{64}$"),
            "SHA-256 of the hash before (nothing for the first), `sequence` and `at` (microseconds since 1970) as eight bytes each, highest first, and the bytes of `entry`."
        ),
        .required("entry", .string(), "The text that the hash was made of."),
    ]).named("AuditRecord")
}
