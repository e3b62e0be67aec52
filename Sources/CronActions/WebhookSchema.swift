import CronModel
import CronSchedule

/// A webhook's fields as `WebhookDefinition` reads them, for the API's document.
extension WebhookDefinition {
    static let schema = Schema.object([
        .required(
            "url", url, "`http` or `https`, without user name; private addresses only where the operator allows them."),
        .field("method", method, default: .string("POST")),
        .field(
            "headers", headers, default: .object([:]),
            "Their values are templates. Those that frame the message or prove its origin are not yours."
        ),
        .field(
            "body", .json,
            "A text or JSON whose texts are templates such as `{{run_id}}`, `{{payload.user.name}}` and `{{secrets.token}}`; absent: the job's "
                + "payload as JSON. At most \(WebhookBody.maxDefinedBytes) bytes."),
        .field(
            "timeout", .span(JobLimit.timeout), default: .string(AttemptContext.standardTimeout.description),
            "From the start to the answer's last byte, within the job's own."),
        .field(
            "connect_timeout", .span(connectTimeouts), default: .string(longestConnect.description),
            "Look-up, dial and TLS."),
        .field(
            "read_timeout", .span(JobLimit.timeout), "Between two pieces of the answer; absent: no limit of its own."),
        .field(
            "success_statuses", statuses, default: .string("200-299"),
            "The answers that count as success: a status or range, or a list of them."),
        .field(
            "signing_secret", secret,
            "Key of the Standard Webhooks signature: `whsec_` and base64 of 24 to 64 bytes. Absent: unsigned."),
        .field(
            "signing_secrets", .list(of: secret, 1...WebhookSecret.maxCount),
            "In its place while keys are rotated: one signature for each."),
        .field(
            "client_certificate", pem(TLSFields.maxChainBytes),
            "PEM, the client's own first and then its chain; of an `https` URL, like the next two."),
        .field("client_key", pem(TLSFields.maxKeyBytes), "PEM, RSA or EC, of the first certificate, not encrypted."),
        .field(
            "ca_certificate", pem(TLSFields.maxRootBytes), "PEM; whom to believe in place of the system's roots."),
    ])

    private static func pem(_ most: Int) -> Schema { .string(1...most, format: "cronpp-pem") }

    private static let url = Schema.string(
        1...WebhookURL.maxBytes,
        pattern: "^\(Schema.inAnyCase("http"))[sS]?://[A-Za-z0-9\\[][A-Za-z0-9\\-._~:/?#\\[\\]!$&'()*+,;=%@]*$",
        format: "cronpp-webhook-url")

    private static let method = Schema.string(
        pattern: "^(\(methods.keys.sorted().map(Schema.inAnyCase).joined(separator: "|")))$")

    private static let headers = Schema.map(
        of: .string(0...WebhookHeaders.maxBytes, pattern: #"^[^\x00-\x08\x0A-\x1F\x7F]*$"#),
        names: Schema.string(pattern: "^[A-Za-z0-9!#$%&'*+\\-.^_`|~]+$").with(
            "not", .schema(Schema(["pattern": .value(.string(reservedName))]))),
        most: WebhookHeaders.maxCount)

    private static let reservedName: String = {
        let names = WebhookHeaders.reserved.sorted().map { Schema.inAnyCase($0) + "$" }
        return "^(\((names + WebhookHeaders.reservedPrefixes.map(Schema.inAnyCase)).joined(separator: "|")))"
    }()

    private static let statuses: Schema = {
        let status = Schema.integer(statusRange)
        let range = Schema.string(pattern: "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$", format: "cronpp-statuses")
        return .anyOf([status, range, Schema.list(of: .anyOf([status, range])).with("minItems", .integer(1))])
    }()

    private static let secret = Schema.string(
        pattern: "^whsec_[A-Za-z0-9+/]{32,86}={0,2}$", format: "cronpp-signing-secret")
}
