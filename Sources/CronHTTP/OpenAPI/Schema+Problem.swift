import CronModel
import CronSchedule

extension Problem {
    static let mediaType = "application/problem+json"
}

extension Problem.Kind {
    /// The URI that programs switch on.
    var type: String { "/problems/\(rawValue)" }

    /// What its answers carry besides the headers of every answer.
    var headers: [HeaderDescription] {
        switch self {
        case .unauthenticated: [.wwwAuthenticate]
        case .unavailable, .tooManyAttempts: [.retryAfter]
        case .outcomeUnknown: [.retryAfter, .outcome]
        case .versionMismatch: [.currentETag]
        default: []
        }
    }
}

extension Schema {
    /// RFC 9457.
    static let problem = Schema.object([
        .required("type", .choice(Problem.Kind.allCases.map(\.type)), "What sort of problem; stable."),
        .required("title", .choice(Problem.Kind.allCases.map(\.title)), "The type in words."),
        .required("status", .integer(400...599), "The answer's status."),
        .required("detail", .string(), "What is wrong this time, for people."),
        .optional("errors", .list(of: fieldProblem), "Everything that is wrong with the request, field by field."),
        .optional("request_id", .string(), "Finds the request in the log."),
        .optional("version", .count(from: 1), "Of a version mismatch: the version that there is, unless there is nothing."),
        .optional("count", .count(), "Of a request about many things: how many those are."),
        .optional("limit", .count(), "Of a limit: how much there may be."),
        .optional(
            "checks", .map(of: .string()), "Of a node that is not ready: what was looked at, and what was found."),
    ]).named("Problem")

    static let fieldProblem = Schema.object([
        .required(
            "field", .string(), "The member's path, such as `action.url`, or the parameter; empty for the whole body."),
        .required("message", .string(), "What is wrong with it."),
        .optional("column", .count(from: 1), "Where, inside the field's text."),
    ]).named("FieldProblem")
}
