import CronModel
import HTTPTypes

/// What a request says besides its body.
struct Parameter: Sendable {
    enum Place: String, Sendable {
        case path
        case query
        case header
    }

    let name: String
    let place: Place
    let schema: Schema
    let about: String

    /// `{name}` in the path.
    static func path(_ name: String, _ schema: Schema, _ about: String) -> Parameter {
        Parameter(name: name, place: .path, schema: schema, about: about)
    }

    static func query(_ name: String, _ schema: Schema, _ about: String) -> Parameter {
        Parameter(name: name, place: .query, schema: schema, about: about)
    }

    var isRequired: Bool { place == .path }

    /// Several words of a query stand in one parameter, separated by commas.
    var isList: Bool { schema.parts["items"] != nil }
}

// MARK: - Those of many operations

extension Parameter {
    static func id(_ about: String) -> Parameter { path("id", .id, about) }

    static let jobID = id("The job's id.")
    static let runID = id("The run's id.")

    /// What every list with pages takes.
    static let page = page(cursor: .cursor)

    static func page(cursor: Schema) -> [Parameter] {
        [
            query(
                "limit", Schema.integer(1...PageLimit.most).with("default", .integer(Int64(PageLimit.standard))),
                "The most items that the answer holds."),
            query("cursor", cursor, "The `next_cursor` of the page before."),
            query(
                "order", Schema.choice(["asc", "desc"]).with("default", .string("asc")),
                "The first in the list's order first, or the last."),
        ]
    }

    static let ifMatch = Parameter(
        name: HTTPField.Name.ifMatch.rawName, place: .header,
        schema: .string(pattern: #"^(\*|[1-9][0-9]{0,17}|"[1-9][0-9]{0,17}")$"#),
        about: "The version that the change depends on, as `ETag` shows it; `*`: whichever there is.")

    static let idempotencyKey = Parameter(
        name: HTTPField.Name.idempotencyKey.rawName, place: .header,
        schema: .string(1...IdempotencyKey.lengthLimit, pattern: #"^[!-~]([ -~]*[!-~])?$"#),
        about: "Makes a repeated request answer what the first one has made or started, for 24 hours. Printable ASCII.")

    static let lastEventID = Parameter(
        name: HTTPField.Name.lastEventID.rawName, place: .header, schema: .string(0...256, pattern: "^[!-~]*$"),
        about: "The last event that was seen; the stream goes on after it, or begins with a `gap`.")

    static let lastOutputID = Parameter(
        name: HTTPField.Name.lastEventID.rawName, place: .header, schema: .string(0...256, pattern: "^[!-~]*$"),
        about:
            "The last event that was seen, `ATTEMPT-OFFSET`, `ATTEMPT-end` or `ATTEMPT-over`; the stream goes on after "
            + "it. Without it, or with any other: from the beginning of the newest attempt.")
}

extension Schema {
    /// Opaque to clients.
    static let cursor = Schema.string(pattern: "^[A-Za-z0-9_-]{\(PageCursor.plainLength)}$")
    /// Of a list that can be sorted by other things than an instant.
    static let sortedCursor = Schema.string(
        pattern: "^[A-Za-z0-9_-]{\(PageCursor.plainLength),\(PageCursor.longestLength)}$")

    /// A parameter of the query: what may stand in it undivided.
    static let word = Schema.line(0...1_024)

    /// Words of which one parameter holds some, separated by commas.
    static func oneOrMore(of word: Schema) -> Schema { Schema.list(of: word).with("minItems", .integer(1)) }
}

// MARK: - Headers of answers

extension HeaderDescription {
    static let eTag = HeaderDescription(
        name: HTTPField.Name.eTag.rawName, schema: .string(pattern: #"^"[1-9][0-9]*"$"#),
        about: "The version, for `If-Match`.")

    /// Of something that is not there there is none.
    static let currentETag = HeaderDescription(
        name: eTag.name, schema: eTag.schema, about: "The version that there is.", isRequired: false)

    static func location(_ path: String, isRequired: Bool = true) -> HeaderDescription {
        HeaderDescription(
            name: HTTPField.Name.location.rawName, schema: .string(pattern: "^\(path)/[0-9a-f-]{36}$"),
            about: "Where it can be read.", isRequired: isRequired)
    }

    static let idempotencyReplayed = HeaderDescription(
        name: HTTPField.Name.idempotencyReplayed.rawName, schema: .constant(.string("true")),
        about: "There if an earlier request with the same key had made it.", isRequired: false)

    static let noStore = HeaderDescription(
        name: HTTPField.Name.cacheControl.rawName, schema: .constant(.string("no-store")),
        about: "Nothing on the way may keep it.")

    static let retryAfter = HeaderDescription(
        name: HTTPField.Name.retryAfter.rawName, schema: .string(pattern: "^[0-9]+$"),
        about: "Seconds after which to try again.")

    static let wwwAuthenticate = HeaderDescription(
        name: HTTPField.Name.wwwAuthenticate.rawName, schema: .string(), about: "Says that a token is wanted.")

    static let outcome = HeaderDescription(
        name: HTTPField.Name.cronppOutcome.rawName, schema: .constant(.string("unknown")),
        about: "There if it may have happened.", isRequired: false)

    /// Of every answer.
    static let common = [
        HeaderDescription(
            name: HTTPField.Name.cronppNode.rawName, schema: .id, about: "The node that has answered."),
        HeaderDescription(
            name: HTTPField.Name.requestID.rawName,
            schema: .string(1...RequestIdentity.longest, pattern: "^[A-Za-z0-9._-]*$"),
            about: "Finds the request in the log; the client's own, if it sent a sound one."),
    ]
}
