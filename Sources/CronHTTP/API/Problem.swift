import CronModel
import HTTPTypes
import Hummingbird

/// An error as a client sees it (RFC 9457, `application/problem+json`). `Kind` is the one list of them; each `type` URI is
/// stable for programs to switch on.
struct Problem: Error, Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case validation
        case malformedJSON = "malformed-json"
        case unsupportedMediaType = "unsupported-media-type"
        case bodyTooLarge = "body-too-large"
        case unauthenticated
        case forbidden
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case conflict
        case versionMismatch = "version-mismatch"
        case limitReached = "limit-reached"
        case tooManyAttempts = "too-many-attempts"
        case rateLimited = "rate-limited"
        case tooManyStreams = "too-many-streams"
        case mailNotSetUp = "mail-not-set-up"
        case unavailable
        case outcomeUnknown = "outcome-unknown"
        case defect = "internal"
    }

    let kind: Kind
    let detail: String
    var errors: [FieldProblem] = []
    var headers: HTTPFields = [:]
    /// Further members, such as the current version of a mismatch.
    var members: [String: JSONValue] = [:]

    init(_ kind: Kind, _ detail: String, errors: [FieldProblem] = []) {
        self.kind = kind
        self.detail = detail
        self.errors = errors
    }

    static func invalid(_ errors: [FieldProblem]) -> Problem {
        let detail = errors.first.map { $0.field.isEmpty ? $0.message : "\($0.field): \($0.message)" }
        return Problem(.validation, detail ?? "the request is not valid", errors: errors)
    }

    static func invalid(_ field: String, _ message: String) -> Problem {
        invalid([FieldProblem(field: field, message: message)])
    }

    static let notFound = Problem(.notFound, "there is nothing with this address, or it is not yours")
    static let unauthenticated = Problem(.unauthenticated, "a valid access token is required")

    func json(requestID: String?) -> JSONValue {
        var members = members
        members["type"] = .string(kind.type)
        members["title"] = .string(kind.title)
        members["status"] = .integer(Int64(kind.status.code))
        members["detail"] = .string(detail)
        if !errors.isEmpty { members["errors"] = .array(errors.map(\.json)) }
        if let requestID { members["request_id"] = .string(requestID) }
        return .object(members)
    }

    func response(requestID: String) -> Response {
        var headers = headers
        headers[.contentType] = Self.mediaType
        if kind == .unauthenticated { headers[.wwwAuthenticate] = "Bearer realm=\"cronpp\"" }
        return Response(
            status: kind.status, headers: headers, body: Answer.body(json(requestID: requestID)))
    }
}

extension Problem.Kind {
    var status: HTTPResponse.Status {
        switch self {
        case .validation: .unprocessableContent
        case .malformedJSON: .badRequest
        case .unsupportedMediaType: .unsupportedMediaType
        case .bodyTooLarge: .contentTooLarge
        case .unauthenticated: .unauthorized
        case .forbidden, .mailNotSetUp: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .conflict: .conflict
        case .versionMismatch: .preconditionFailed
        case .tooManyAttempts, .rateLimited, .limitReached, .tooManyStreams: .tooManyRequests
        case .unavailable, .outcomeUnknown: .serviceUnavailable
        case .defect: .internalServerError
        }
    }

    var title: String {
        switch self {
        case .validation: "The request is not valid"
        case .malformedJSON: "The body is not JSON"
        case .unsupportedMediaType: "The body is of a type that is not read here"
        case .bodyTooLarge: "The body is too large"
        case .unauthenticated: "Not signed in"
        case .forbidden: "Not allowed"
        case .notFound: "Not found"
        case .methodNotAllowed: "The method is not allowed here"
        case .conflict: "The request conflicts with what is stored"
        case .versionMismatch: "The version is another one"
        case .limitReached: "A limit is reached"
        case .tooManyAttempts: "Too many attempts"
        case .rateLimited: "Too many requests"
        case .tooManyStreams: "Too many streams"
        case .mailNotSetUp: "This server sends no mail"
        case .unavailable: "Temporarily unavailable"
        case .outcomeUnknown: "It is not known whether it happened"
        case .defect: "Internal error"
        }
    }
}

extension FieldProblem {
    var json: JSONValue {
        var members: [String: JSONValue] = ["field": .string(field), "message": .string(message)]
        if let column { members["column"] = .integer(Int64(column)) }
        return .object(members)
    }
}
