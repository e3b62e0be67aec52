import CronModel

/// What a webhook sends.
enum WebhookBody: Sendable {
    /// Nothing: a GET or HEAD without a body of its own.
    case none
    /// The job's payload as JSON, the default.
    case payload
    /// A string body: values go in raw, or escaped as JSON strings are when the content type is JSON, so write
    /// `{"name": "{{job_name}}"}` with the quotes.
    case text(Template, isJSON: Bool)
    /// A JSON body: every string in it, except member names, is a template; what comes out stays a string.
    case json(JSONValue)

    /// Of a job's definition.
    static let maxDefinedBytes = 262_144
    /// Of a request, its values filled in.
    static let maxBytes = 1_048_576

    /// The content type unless the job names one.
    var contentType: String? {
        switch self {
        case .none: nil
        case .payload, .json: "application/json"
        case .text(_, let isJSON): isJSON ? "application/json" : "text/plain; charset=utf-8"
        }
    }

    func bytes(for attempt: AttemptContext) throws -> [UInt8] {
        let values = TemplateValues(attempt: attempt)
        switch self {
        case .none: return []
        case .payload: return JSONWriter.bytes(attempt.payload)
        case .text(let template, let isJSON):
            return Array(
                try Self.inRoom { room throws(TemplateValues.Missing) in
                    try template.rendered(with: values, room: &room, escape: isJSON ? JSONText.escaped : { $0 })
                }.utf8)
        case .json(let value):
            return JSONWriter.bytes(
                try Self.inRoom { room in try TemplateJSON.rendered(value, with: values, room: &room) })
        }
    }

    /// Gives up as soon as a body is too long.
    private static func inRoom<Value>(_ render: (inout Int) throws -> Value) throws -> Value {
        var room = maxBytes
        do {
            return try render(&room)
        } catch {
            throw room < 0 ? TooLong() : error
        }
    }

    /// Its values filled in, it is longer than `maxBytes`.
    struct TooLong: Error {}
}
