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
            return Array(try template.rendered(with: values, escape: isJSON ? JSONText.escaped : { $0 }).utf8)
        case .json(let value): return JSONWriter.bytes(try Self.rendered(value, values))
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

    private static func rendered(_ value: JSONValue, _ values: TemplateValues) throws -> JSONValue {
        switch value {
        case .string(let text): .string(try Template(text).rendered(with: values))
        case .array(let items): .array(try items.map { try rendered($0, values) })
        case .object(let members): .object(try members.mapValues { try rendered($0, values) })
        case .null, .bool, .integer, .number: value
        }
    }
}
