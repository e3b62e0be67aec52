import CronModel
import CronSchedule

/// Text with `{{run_id}}`, `{{payload.customer.name}}` and the like in it.
struct BodyTemplate: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case text(String)
        case name(String)
    }

    /// A template that cannot be used, or a name that has no value in this attempt.
    struct Problem: Error, Hashable, Sendable {
        let message: String
        /// 1-based, in characters.
        let column: Int?
    }

    static let names = ["run_id", "job_id", "job_name", "scheduled_for", "attempt", "zone"]

    private let parts: [Part]

    init(_ text: String) throws(Problem) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            parts.append(.text(String(rest[..<open.lowerBound])))
            let column = text.distance(from: text.startIndex, to: open.lowerBound) + 1
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw Problem(message: "\"{{\" is not closed by \"}}\"", column: column)
            }
            let inner = rest[open.upperBound..<close.lowerBound]
            let name = String(inner.filter { $0 != " " })
            guard Self.names.contains(name) || name.hasPrefix("payload.") && name.count > 8 || name == "payload" else {
                let known = Self.names.joined(separator: ", ")
                throw Problem(
                    message: "unknown name \"\(name)\"; known are \(known), payload and payload.FIELD", column: column)
            }
            parts.append(.name(name))
            rest = rest[close.upperBound...]
        }
        parts.append(.text(String(rest)))
        self.parts = parts
    }

    /// - Parameter escapesJSON: values are escaped for a place inside a JSON string.
    func render(_ attempt: AttemptContext, escapesJSON: Bool) throws(Problem) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .text(let piece): text += piece
            case .name(let name):
                let value = try Self.value(name, attempt)
                text += escapesJSON ? Self.escaped(value) : value
            }
        }
        return text
    }

    private static func value(_ name: String, _ attempt: AttemptContext) throws(Problem) -> String {
        switch name {
        case "run_id": return attempt.runID.description
        case "job_id": return attempt.jobID.description
        case "job_name": return attempt.jobName
        case "scheduled_for": return attempt.scheduledFor.description
        case "attempt": return String(attempt.attempt)
        case "zone": return attempt.zone
        default:
            var value: JSONValue? = attempt.payload
            for key in name.split(separator: ".").dropFirst() { value = value?[String(key)] }
            guard let value else {
                throw Problem(message: "template error: the payload has no \"\(name.dropFirst(8))\"", column: nil)
            }
            return text(value)
        }
    }

    private static func text(_ value: JSONValue) -> String {
        if case .string(let text) = value { return text }
        return JSONBytes.text(value)
    }

    private static func escaped(_ text: String) -> String {
        String(JSONBytes.text(.string(text)).dropFirst().dropLast())
    }
}
