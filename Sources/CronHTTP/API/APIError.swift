import CronEngine
import CronModel
import Foundation
import HTTPTypes
import Hummingbird

/// Everything that goes wrong for a caller: the one table from errors to RFC 9457 problems.
struct APIError: Error {
    var status: HTTPResponse.Status
    /// The last part of the problem's `type`; stable.
    var type: String
    var title: String
    var detail: String
    var problems: [FieldProblem] = []
    var headers = HTTPFields()

    static func badRequest(_ detail: String) -> APIError {
        APIError(status: .badRequest, type: "malformed", title: "The request is malformed", detail: detail)
    }

    static func invalid(_ problems: [FieldProblem]) -> APIError {
        let first = problems.first.map { $0.field.isEmpty ? "the body \($0.message)" : "\($0.field): \($0.message)" }
        return APIError(
            status: .unprocessableContent, type: "validation", title: "The request cannot be accepted",
            detail: first ?? "", problems: problems)
    }

    static func unauthorized(_ detail: String) -> APIError {
        var error = APIError(status: .unauthorized, type: "unauthorized", title: "Not signed in", detail: detail)
        error.headers[.wwwAuthenticate] = "Bearer"
        return error
    }

    static func forbidden(_ detail: String) -> APIError {
        APIError(status: .forbidden, type: "forbidden", title: "Not allowed", detail: detail)
    }

    static func tooMany(_ detail: String, retryAfterSeconds: Int64) -> APIError {
        var error = APIError(status: .tooManyRequests, type: "throttled", title: "Too many requests", detail: detail)
        error.headers[.retryAfter] = String(retryAfterSeconds)
        return error
    }

    static let notFound = APIError(
        status: .notFound, type: "not-found", title: "Not found", detail: "there is no such thing, or it is not yours")

    static func conflict(_ detail: String) -> APIError {
        APIError(status: .conflict, type: "conflict", title: "In conflict with what is there", detail: detail)
    }

    init(
        status: HTTPResponse.Status, type: String, title: String, detail: String, problems: [FieldProblem] = []
    ) {
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.problems = problems
    }

    init(_ error: ControlError) {
        switch error {
        case .invalid(let problems): self = .invalid(problems)
        case .store(let error): self.init(error)
        }
    }

    init(_ error: StoreError) {
        switch error {
        case .notFound: self = .notFound
        case .invalid(let problem): self = .invalid([problem])
        case .conflict(let detail): self = .conflict(detail)
        case .versionMismatch(let current):
            self.init(
                status: .preconditionFailed, type: "version-mismatch", title: "Changed meanwhile",
                detail: "the job is at version \(current)")
        case .limitReached(let detail):
            self = .tooMany(detail, retryAfterSeconds: 60)
        case .unavailable(let detail):
            self.init(
                status: .serviceUnavailable, type: "unavailable", title: "The store cannot be reached", detail: detail)
            headers[.retryAfter] = "1"
        case .outcomeUnknown(let detail):
            self.init(
                status: .serviceUnavailable, type: "outcome-unknown", title: "It may or may not have happened",
                detail: detail)
            headers[.retryAfter] = "1"
            if let name = HTTPField.Name("Cronpp-Outcome") { headers[name] = "unknown" }
        case .corrupt:
            self.init(
                status: .internalServerError, type: "internal", title: "A defect of Cron++",
                detail: "the log has more under this request's id")
        }
    }

    /// The problem document.
    func response(requestID: String) -> Response {
        var members: [String: JSONValue] = [
            "type": .string("/problems/\(type)"), "title": .string(title), "status": .integer(Int64(status.code)),
            "detail": .string(detail), "request_id": .string(requestID),
        ]
        if !problems.isEmpty {
            members["errors"] = .array(
                problems.map { problem in
                    var members: [String: JSONValue] = [
                        "field": .string(problem.field), "message": .string(problem.message),
                    ]
                    members["column"] = problem.column.map { .integer(Int64($0)) }
                    return .object(members)
                })
        }
        var response = JSONAnswer.response(.object(members), status: status)
        response.headers.append(contentsOf: headers)
        response.headers[.contentType] = "application/problem+json"
        return response
    }
}
