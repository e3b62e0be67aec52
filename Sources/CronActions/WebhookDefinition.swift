import CronModel
import CronSchedule
import Foundation

/// A webhook as its owner wrote it, read and checked.
struct WebhookDefinition: Sendable {
    enum Body: Sendable {
        case payload
        case text(BodyTemplate)
        case json(JSONValue)
    }

    static let urlLimitBytes = 2_048
    static let headerLimit = 64
    static let headerLimitBytes = 8_192
    static let bodyLimitBytes = 262_144
    static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    /// Written by Cron++ or by the connection itself.
    private static let reservedHeaders: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect",
        "proxy-connection", "traceparent",
    ]

    var url = ""
    var host = ""
    var method = "POST"
    var headers: [(name: String, value: String)] = []
    var body = Body.payload
    var readTimeout: Span?
    var success: [ClosedRange<Int>] = [200...299]
    var signingSecret: [UInt8]?

    /// Reads a definition; with problems, what could be read is not to be used.
    static func read(_ definition: ActionDefinition) -> (WebhookDefinition, [FieldProblem]) {
        var reader = FieldReader(definition.fields, prefix: "action.")
        var webhook = WebhookDefinition()
        webhook.readTarget(&reader)
        webhook.readHeaders(&reader)
        webhook.readBody(&reader)
        _ = reader.span("timeout", in: .milliseconds(1)...TimeoutPolicy.longest)
        webhook.readTimeout = reader.span("read_timeout", in: .milliseconds(1)...TimeoutPolicy.longest)
        webhook.readSuccess(&reader)
        webhook.readSecret(&reader)
        reader.refuseUnknown()
        return (webhook, reader.problems)
    }

    private mutating func readTarget(_ reader: inout FieldReader) {
        method = reader.string("method")?.uppercased() ?? method
        if !Self.methods.contains(method) {
            reader.refuse("method", "\"\(method)\" is not one of \(Self.methods.sorted().joined(separator: ", "))")
        }
        guard let text = reader.string("url", limit: Self.urlLimitBytes) else {
            if !reader.problems.contains(where: { $0.field == "action.url" }) { reader.refuse("url", "is required") }
            return
        }
        let hasControl = text.unicodeScalars.contains { $0.value <= 0x20 || $0.value == 0x7F }
        guard !hasControl, let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, !host.isEmpty
        else {
            reader.refuse("url", "is not an absolute URL")
            return
        }
        guard scheme == "http" || scheme == "https" else {
            reader.refuse("url", "the scheme \"\(scheme)\" is not one of http, https")
            return
        }
        if parts.user != nil || parts.password != nil {
            reader.refuse("url", "must not hold a user name or password; send an authorization header instead")
        }
        if parts.port == 0 { reader.refuse("url", "port 0 cannot be reached") }
        url = text
        self.host = host
    }

    private mutating func readHeaders(_ reader: inout FieldReader) {
        guard let value = reader.value("headers") else { return }
        guard let members = value.objectValue, members.count <= Self.headerLimit else {
            reader.refuse("headers", "must be an object of at most \(Self.headerLimit) texts")
            return
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let field = "headers.\(name)"
            guard let text = value.stringValue, text.utf8.count <= Self.headerLimitBytes else {
                reader.refuse(field, "must be a string of at most \(Self.headerLimitBytes) bytes")
                continue
            }
            let lower = name.lowercased()
            if name.isEmpty || !name.utf8.allSatisfy(Self.isTokenByte) {
                reader.refuse(field, "is not a header name")
            } else if Self.reservedHeaders.contains(lower) || lower.hasPrefix("webhook-") || lower.hasPrefix("cronpp-")
            {
                reader.refuse(field, "is set by Cron++ itself")
            } else if text.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
                reader.refuse(field, "must not hold control characters")
            } else {
                headers.append((name, text))
            }
        }
    }

    private mutating func readBody(_ reader: inout FieldReader) {
        guard let value = reader.value("body") else { return }
        if JSONBytes.encode(value).count > Self.bodyLimitBytes {
            reader.refuse("body", "is longer than \(Self.bodyLimitBytes) bytes")
            return
        }
        if let text = value.stringValue {
            if let template = template(text, "body", &reader) { body = .text(template) }
        } else {
            check(value, "body", &reader)
            body = .json(value)
        }
    }

    private func check(_ value: JSONValue, _ field: String, _ reader: inout FieldReader) {
        switch value {
        case .string(let text): _ = template(text, field, &reader)
        case .array(let items): for (index, item) in items.enumerated() { check(item, "\(field)[\(index)]", &reader) }
        case .object(let members): for (key, member) in members { check(member, "\(field).\(key)", &reader) }
        case .null, .bool, .integer, .number: break
        }
    }

    private func template(_ text: String, _ field: String, _ reader: inout FieldReader) -> BodyTemplate? {
        do throws(BodyTemplate.Problem) {
            return try BodyTemplate(text)
        } catch {
            reader.refuse(field, error.message, column: error.column)
            return nil
        }
    }

    private mutating func readSuccess(_ reader: inout FieldReader) {
        guard let value = reader.value("success_statuses") else { return }
        let items = value.arrayValue ?? [value]
        let ranges = items.map(Self.statusRange)
        guard !items.isEmpty, items.count <= 100, !ranges.contains(nil) else {
            reader.refuse(
                "success_statuses", "must be statuses such as 204 or ranges such as \"200-299\", each in 100–599")
            return
        }
        success = ranges.compactMap { $0 }
    }

    private static func statusRange(_ value: JSONValue) -> ClosedRange<Int>? {
        let bounds: [Int?]
        switch value {
        case .integer(let status): bounds = [Int(exactly: status)]
        case .string(let text): bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        default: return nil
        }
        guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds[bounds.count - 1],
            first <= last, (100...599).contains(first), (100...599).contains(last)
        else { return nil }
        return first...last
    }

    private mutating func readSecret(_ reader: inout FieldReader) {
        guard let text = reader.string("signing_secret") else { return }
        guard text.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(text.dropFirst(6))),
            (24...64).contains(bytes.count)
        else {
            reader.refuse("signing_secret", "must be \"whsec_\" and base64 of 24 to 64 bytes")
            return
        }
        signingSecret = Array(bytes)
    }

    /// RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: Array("!#$%&'*+-.^_`|~".utf8).contains(byte)
        }
    }
}
