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
                try Self.inRoom { room in try Self.rendered(value, values, room: &room) })
        }
    }

    /// The problems of every template inside a JSON value, with their paths.
    static func problems(in value: JSONValue, path: String) -> [FieldProblem] {
        switch value {
        case .string(let text):
            do throws(Template.Problem) {
                _ = try Template(text)
                return []
            } catch {
                return [FieldProblem(field: path, message: error.message, column: error.column)]
            }
        case .array(let items):
            return items.enumerated().flatMap { problems(in: $0.element, path: "\(path)[\($0.offset)]") }
        case .object(let members):
            return members.sorted { $0.key < $1.key }.flatMap { problems(in: $0.value, path: "\(path).\($0.key)") }
        case .null, .bool, .integer, .number:
            return []
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

    private static func rendered(
        _ value: JSONValue, _ values: TemplateValues, room: inout Int
    ) throws -> JSONValue {
        switch value {
        case .string(let text): return .string(try Template(text).rendered(with: values, room: &room))
        case .array(let items):
            var rendered: [JSONValue] = []
            for item in items { rendered.append(try Self.rendered(item, values, room: &room)) }
            return .array(rendered)
        case .object(let members):
            var rendered: [String: JSONValue] = [:]
            for (name, member) in members { rendered[name] = try Self.rendered(member, values, room: &room) }
            return .object(rendered)
        case .null, .bool, .integer, .number: return value
        }
    }
}
