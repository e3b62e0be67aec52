import CronModel
import NIOHTTP1

/// The headers that a job adds to its requests; their values are templates. Those which frame the message or prove its
/// origin are not the job's.
enum WebhookHeaders {
    static let maxCount = 64
    /// Of one header's value.
    static let maxBytes = 8_192

    static let reserved: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "te",
        "trailer", "expect", "traceparent",
    ]
    static let reservedPrefixes = ["webhook-", "cronpp-"]

    static func read(_ reader: inout FieldReader) -> HTTPHeaders {
        guard let value = reader.value("headers") else { return HTTPHeaders() }
        guard let members = value.objectValue else {
            reader.refuse("headers", "must be an object of names and strings, not \(value.kindName)")
            return HTTPHeaders()
        }
        guard members.count <= maxCount else {
            reader.refuse("headers", "more than \(maxCount) headers")
            return HTTPHeaders()
        }
        var headers = HTTPHeaders()
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let message = problem(name, value, isRepeated: headers.contains(name: name)) {
                reader.refuse("headers.\(name.prefix(80))", message)
            } else {
                headers.add(name: name, value: value.stringValue ?? "")
            }
        }
        return headers
    }

    private static func problem(_ name: String, _ value: JSONValue, isRepeated: Bool) -> String? {
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else { return "is not a header name" }
        let lowered = name.lowercased()
        guard !reserved.contains(lowered), !reservedPrefixes.contains(where: lowered.hasPrefix) else {
            return "is set by Cron++ and cannot be changed"
        }
        guard !isRepeated else { return "is given twice; header names have no case" }
        guard let text = value.stringValue else { return "must be a string, not \(value.kindName)" }
        guard text.utf8.count <= maxBytes else { return "is longer than \(maxBytes) bytes" }
        guard isOneLine(text) else { return "holds a control character or line break" }
        do throws(Template.Problem) {
            _ = try Template(text)
            return nil
        } catch {
            return "\(error.message) (column \(error.column))"
        }
    }

    /// The headers with every value in its place. Checked once more: a value from a payload must not begin another header.
    static func rendered(_ headers: HTTPHeaders, for attempt: AttemptContext) throws -> HTTPHeaders {
        let values = TemplateValues(attempt: attempt)
        var rendered = HTTPHeaders()
        for (name, text) in headers {
            var room = maxBytes
            let template = try Template(text)
            let value: String
            do throws(TemplateValues.Missing) {
                value = try template.rendered(with: values, room: &room)
            } catch {
                guard room < 0 else { throw error }
                throw TemplateValues.Missing(message: "header \(name): the value is longer than \(maxBytes) bytes")
            }
            guard isOneLine(value) else {
                throw TemplateValues.Missing(
                    message: "header \(name): the value holds a control character or line break")
            }
            rendered.add(name: name, value: value)
        }
        return rendered
    }

    private static func isOneLine(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 == UInt8(ascii: "\t") || ($0 >= 0x20 && $0 != 0x7F) }
    }

    /// `tchar` of RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
