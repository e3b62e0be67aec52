import CronEngine
import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird
import NIOCore

/// Every error that can reach a client, as its problem: the one table.
extension Problem {
    static let retrySeconds = 1

    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as ControlError: self.init(control: error)
        case let error as StoreError: self.init(store: error)
        case let error as HTTPError: self.init(http: error)
        case is NIOTooManyBytesError: self = .bodyTooLarge
        case is HashGate.LineTooLong: self = Self.retryLater("too many sign-ins at once; nothing was done")
        default: self.init(.defect, "something went wrong in the server; the request id finds it in the log")
        }
    }

    static var bodyTooLarge: Problem {
        Problem(.bodyTooLarge, "the body is larger than \(RequestBodyLimit.bytes) bytes")
    }

    /// Whether people who run the server should hear of it.
    var isDefect: Bool { kind == .defect }

    init(control error: ControlError) {
        switch error {
        case .invalid(let problems): self = .invalid(problems)
        case .forbidden(let reason): self.init(.forbidden, reason)
        case .lacking(let permission): self = .lacking(permission)
        case .nothingThere: self.init(.versionMismatch, "there is none of this name; nothing was done")
        case .store(let error): self.init(store: error)
        case .unexpectedCount(let count, let expected):
            self.init(.conflict, "it is about \(count), not \(expected); nothing was done")
            members["count"] = .integer(Int64(count))
        case .tooMany(let count, let limit):
            self.init(.limitReached, "it is about \(count); one request may be about \(limit); nothing was done")
            members["count"] = .integer(Int64(count))
            members["limit"] = .integer(Int64(limit))
        case .quotaUsed(let perMinute, let endsIn):
            self = .refused(.limitReached, "the space may ask for \(perMinute) runs a minute", for: endsIn)
            members["limit"] = .integer(Int64(perMinute))
        }
    }

    private init(store error: StoreError) {
        switch error {
        case .notFound: self = .notFound
        case .invalid(let problem): self = .invalid([problem])
        case .conflict(let reason): self.init(.conflict, reason)
        case .versionMismatch(let current):
            self.init(.versionMismatch, "it is at version \(current) now")
            members["version"] = .integer(current)
            headers[.eTag] = Answer.eTag(current)
        case .limitReached(let reason): self.init(.limitReached, reason)
        case .unavailable, .misconfigured: self = Self.retryLater("the store cannot be reached; nothing was done")
        case .outcomeUnknown:
            self.init(.outcomeUnknown, "the store's answer was lost; look before you repeat the request")
            headers[.retryAfter] = "\(Self.retrySeconds)"
            headers[.cronppOutcome] = "unknown"
        case .corrupt: self.init(.defect, "stored data could not be read; the request id finds it in the log")
        }
    }

    private init(http error: HTTPError) {
        switch error.status {
        case .notFound: self = .notFound
        case .contentTooLarge: self = .bodyTooLarge
        case .unauthorized: self = .unauthenticated
        default: self.init(.validation, error.body ?? "the request is not valid")
        }
    }

    static func lacking(_ permission: Permission) -> Problem {
        Problem(.forbidden, "this needs \"\(permission.text)\", which your role or your API key does not allow")
    }

    /// A refusal that ends when some time has passed; the detail and a header say when.
    static func refused(_ kind: Kind, _ detail: String, for wait: Span) -> Problem {
        var problem = Problem(kind, "\(detail); try again in \(wait.startedSeconds) s")
        problem.headers[.retryAfter] = "\(wait.startedSeconds)"
        return problem
    }

    static func retryLater(_ detail: String) -> Problem {
        var problem = Problem(.unavailable, detail)
        problem.headers[.retryAfter] = "\(retrySeconds)"
        return problem
    }
}

extension Span {
    /// Seconds of which the last may have just begun; at least one.
    var startedSeconds: Int64 { max(1, (microseconds + 999_999) / 1_000_000) }
}

extension HTTPField.Name {
    static let cronppNode = known("Cronpp-Node")
    static let cronppOutcome = known("Cronpp-Outcome")
    static let idempotencyKey = known("Idempotency-Key")
    static let idempotencyReplayed = known("Idempotency-Replayed")
    static let rateLimit = known("RateLimit")
    static let rateLimitPolicy = known("RateLimit-Policy")
    static let lastEventID = known("Last-Event-ID")
    static let requestID = known("X-Request-Id")
    static let xForwardedFor = known("X-Forwarded-For")
    static let xForwardedProto = known("X-Forwarded-Proto")

    static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no header name") }
        return name
    }
}
