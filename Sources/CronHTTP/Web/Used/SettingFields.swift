import CronModel

/// The fields of one kind of setting as a form has them, made of what the API's document says of them.
struct SettingFields: Sendable {
    /// Texts that may be longer are written on several lines, as certificates are.
    static let longestLineBytes = 2_048
    static let name = EditorField(
        "name", "Name", hint: "Letters, digits, “_” and “-”. Jobs name it so.", isRequired: true, isCode: true)

    let selector: String?
    let variant: SettingVariant?
    let fields: [EditorField]

    /// Nil where a variant has to be chosen first.
    /// - Throws: for one that there is not.
    init?(_ setting: any SettingKind, variant name: String?) throws(Problem) {
        selector = setting.selector
        if setting.selector == nil {
            variant = nil
        } else {
            guard let name else { return nil }
            guard let found = setting.variants.first(where: { $0.name == name }) else {
                let known = setting.variants.map(\.name).joined(separator: ", ")
                throw .invalid("type", "\"\(name.prefix(40))\" is not one of \(known)")
            }
            variant = found
        }
        let all = (variant?.members ?? setting.schema.members).map { member in
            EditorField(member, isSecret: setting.secretFields.contains(member.name))
        }
        // Secrets with other fields between them look like several forms to browsers, which offer passwords for each.
        let secrets = all.filter(\.isSecret)
        fields = secrets.count > 1 ? all.filter { !$0.isSecret } + secrets : all
    }
}

extension EditorField {
    /// A member that the document describes.
    fileprivate init(_ member: Schema.Member, isSecret: Bool) {
        let schema = member.schema
        let initial = schema.value("default").map { $0.stringValue ?? JSONWriter.text($0) }
        var control = Control.line
        var coding = EditorCoding.text
        var isCode = false
        var hints = [Self.hint(member.about)]
        if isSecret {
            control = .secret
        } else if let choices = schema.value("enum")?.arrayValue {
            control = .choice(Self.options(choices, initial))
        } else if schema.isOf("array") {
            (control, coding) = (.area(rows: 3), .lines)
            hints.insert("One a line.", at: 0)
        } else if !schema.isOf("string") {
            coding = .number
        } else if schema.value("maxLength")?.integerValue ?? 0 > SettingFields.longestLineBytes {
            (control, isCode) = (.area(rows: 4), true)
        }
        if let initial, schema.value("enum") == nil { hints.append("Empty: \(initial).") }
        let hint = hints.filter { !$0.isEmpty }.joined(separator: " ")
        self.init(
            member.name, SettingLabel.field(member.name), hint: hint.isEmpty ? nil : hint, control: control,
            coding: coding, isRequired: member.isRequired, isCode: isCode)
    }

    private static func options(_ choices: [JSONValue], _ initial: String?) -> [Option] {
        [Option(value: "", label: initial.map { "As usual (\($0))" } ?? "Not chosen")]
            + choices.compactMap(\.stringValue).map { Option(value: $0, label: $0) }
    }

    /// What is absent from JSON is left empty in a form.
    private static func hint(_ about: String) -> String {
        about.replacing("`", with: "").replacing("Absent:", with: "Empty:").replacing("absent:", with: "empty:")
            .replacing("(absent)", with: "(as usual)")
    }
}

extension Schema {
    fileprivate func value(_ keyword: String) -> JSONValue? {
        if case .value(let value)? = parts[keyword] { value } else { nil }
    }

    /// Also where it may be null.
    fileprivate func isOf(_ type: String) -> Bool {
        let types = value("type")
        return types == .string(type) || types?.arrayValue?.contains(.string(type)) == true
    }
}

/// What people call the fields and variants of settings.
enum SettingLabel {
    private static let fields = [
        "ca_certificate": "CA certificate", "chat_id": "Chat", "max_connections": "Connections at most", "tls": "TLS",
        "url": "URL",
    ]

    private static let variants: [String: (label: String, about: String)] = [
        "postgres": ("PostgreSQL", "A database on a server."),
        "sqlite": ("SQLite", "A file in the directory that the operator has set aside."),
        "email": ("Email", "Mails by an SMTP server of your own."),
        "sms": ("SMS", "Short messages by Twilio or Vonage."),
        "slack": ("Slack", "An incoming webhook, of Mattermost too."),
        "discord": ("Discord", "A webhook of a channel."),
        "teams": ("Microsoft Teams", "A workflow that takes webhook requests."),
        "telegram": ("Telegram", "A chat that a bot writes to."),
        "pagerduty": ("PagerDuty", "Incidents of a service, resolved when a job recovers."),
        "ntfy": ("ntfy", "A topic of an ntfy server."),
        "webhook": ("Webhook", "Any URL that takes a message as JSON."),
    ]

    static func field(_ name: String) -> String { fields[name] ?? words(name) }
    static func variant(_ name: String) -> String { variants[name]?.label ?? words(name) }
    static func about(_ variant: String) -> String? { variants[variant]?.about }

    private static func words(_ name: String) -> String {
        name.prefix(1).uppercased() + name.dropFirst().replacing("_", with: " ")
    }
}
