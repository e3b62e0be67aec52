import CronModel
import CronSchedule
import NIOHTTP1

/// A webhook's fields, read and checked. Reading is the same when a job is saved and when it runs, because the operator's
/// allowed networks may have changed in between.
///
/// | member | default | meaning |
/// | --- | --- | --- |
/// | `url` | | `http` or `https`, without user name |
/// | `method` | `POST` | |
/// | `headers` | `{}` | names and texts, which are templates; those that frame the message or prove its origin are Cron++'s own |
/// | `body` | the payload as JSON | a text or JSON, whose texts are templates (`WebhookBody`) |
/// | `timeout` | `15s` | from the start to the answer's last byte, within the job's own |
/// | `connect_timeout` | `10s` | from the start to the request's first byte, at most `10s`: look-up, dial and TLS |
/// | `read_timeout` | none | between two pieces of the answer, the first included |
/// | `success_statuses` | `200-299` | a status or range, or a list of them |
/// | `signing_secret` | none | `whsec_` and base64; never shown again |
/// | `signing_secrets` | none | in its place, 1 to 5 of them while they are rotated: one signature each |
/// | `client_certificate` | none | PEM, the certificate first and then its chain; of an `https` URL, like the next two |
/// | `client_key` | none | PEM, its RSA or EC key, not encrypted; never shown again |
/// | `ca_certificate` | the system's | PEM, one or more, in place of the roots that the system trusts |
struct WebhookDefinition: Sendable {
    /// Of a dial that nobody answers. More would hold a place among the attempts for a host that is down.
    static let longestConnect = Span.seconds(10)
    static let connectTimeouts = Span.milliseconds(1)...longestConnect
    static let methods: [String: HTTPMethod] = [
        "GET": .GET, "HEAD": .HEAD, "POST": .POST, "PUT": .PUT, "PATCH": .PATCH, "DELETE": .DELETE, "OPTIONS": .OPTIONS,
    ]

    static let statusRange = 100...599
    static let standardStatuses = NumberRanges([200...299])

    let url: WebhookURL
    let method: HTTPMethod
    let headers: HTTPHeaders
    let body: WebhookBody
    let connectTimeout: Span
    let readTimeout: Span?
    let successStatuses: NumberRanges
    /// One signature is sent for each.
    let secrets: [WebhookSecret]
    /// Nil for the system's roots and no client certificate.
    let identity: TLSIdentity?

    init(
        _ definition: ActionDefinition, addresses: AddressGuard, identities: TLSIdentities = TLSIdentities()
    ) throws(FieldProblems) {
        var reader = FieldReader(definition.fields, prefix: "action.")
        let url = reader.requiredURL("url", addresses)
        method = Self.readMethod(&reader)
        headers = WebhookHeaders.read(&reader)
        body = Self.readBody(&reader, method: method, headers: headers)
        // Only checked: an attempt's timeout is already the smaller of the action's and the job's.
        _ = reader.span("timeout", in: JobLimit.timeout)
        connectTimeout = reader.span("connect_timeout", in: Self.connectTimeouts) ?? Self.longestConnect
        readTimeout = reader.span("read_timeout", in: JobLimit.timeout)
        successStatuses = Self.readStatuses(&reader)
        secrets = WebhookSecret.read(&reader)
        identity = TLSFields.read(&reader, isSecure: url?.origin.isSecure ?? true, identities)
        reader.refuseUnknown()
        guard let url, reader.problems.isEmpty else { throw FieldProblems(reader.problems) }
        self.url = url
    }

    private static func readMethod(_ reader: inout FieldReader) -> HTTPMethod {
        guard let name = reader.string("method")?.uppercased() else { return .POST }
        if let method = methods[name] { return method }
        reader.refuse("method", "\"\(name.prefix(40))\" is not one of \(methods.keys.sorted().joined(separator: ", "))")
        return .POST
    }

    private static func readBody(_ reader: inout FieldReader, method: HTTPMethod, headers: HTTPHeaders) -> WebhookBody {
        guard let value = reader.value("body") else { return method == .GET || method == .HEAD ? .none : .payload }
        guard JSONWriter.bytes(value).count <= WebhookBody.maxDefinedBytes else {
            reader.refuse("body", "is longer than \(WebhookBody.maxDefinedBytes) bytes")
            return .none
        }
        guard let text = value.stringValue else {
            for problem in TemplateJSON.problems(in: value, path: "body") {
                reader.refuse(problem.field, problem.message, column: problem.column)
            }
            return .json(value)
        }
        do throws(Template.Problem) {
            let type = headers.first(name: "content-type")?.lowercased() ?? ""
            return .text(try Template(text), isJSON: type.contains("json"))
        } catch {
            reader.refuse("body", error.message, column: error.column)
            return .none
        }
    }

    private static func readStatuses(_ reader: inout FieldReader) -> NumberRanges {
        guard let value = reader.value("success_statuses") else { return standardStatuses }
        if let ranges = NumberRanges(value, within: statusRange) { return ranges }
        reader.refuse("success_statuses", "must be \"200-299\" or a list such as [200, \"202-204\"], within 100-599")
        return standardStatuses
    }
}
