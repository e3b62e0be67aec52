import CronModel
import CronSchedule

/// The fields that the editor shows. What it does not show stands in the definition's remainder, as JSON.
struct EditorFields: Sendable {
    /// The names to choose from, by what is named.
    var connections: [String] = []
    var channels: [String] = []

    static let kinds = ["webhook", "sql", "alert", "command"]
    /// The field of the remainder.
    static let more = EditorField(
        "more", "Further fields",
        hint:
            "All that the API knows and no field here shows, as JSON: one object. What is taken out takes its default.",
        control: .area(rows: 6), coding: .json, isCode: true)

    let what = [
        EditorField("name", "Name", isRequired: true),
        EditorField("tags", "Tags", hint: "With commas between.", coding: .list),
    ]

    let schedule = EditorField(
        "schedule", "Schedule",
        hint: "Cron fields, @daily, @every 5m, in 30m, or a moment such as 2027-01-31T09:00:00Z.",
        isRequired: true, isCode: true)

    let when = [
        EditorField("timezone", "Time zone", hint: "An IANA name such as Europe/Berlin."),
        EditorField(
            "timezones", "Several time zones", hint: "In its place, with commas between: a slot in each.", coding: .list
        ),
        EditorField(
            "misfire", "When a slot was missed",
            control: .choice([
                .init(value: "skip", label: "Skip it"), .init(value: "fire_last", label: "Run the newest"),
                .init(value: "fire_all", label: "Run all of them"),
            ])),
        EditorField(
            "overlap", "While the last run still runs",
            control: .choice([
                .init(value: "skip", label: "Skip the new one"), .init(value: "allow", label: "Run both"),
                .init(value: "queue(1)", label: "Let one wait"),
                .init(value: "cancel_other", label: "Stop the old one"),
            ])),
        EditorField(
            "dst_gap", "When clocks jump over a time",
            control: .choice([
                .init(value: "shift", label: "Run after the jump"), .init(value: "skip", label: "Skip it"),
            ])),
        EditorField(
            "dst_fold", "When a time comes twice",
            control: .choice([
                .init(value: "first", label: "Run at the first"), .init(value: "last", label: "Run at the second"),
                .init(value: "both", label: "Run at both"),
            ])),
    ]

    let failure = [
        EditorField("max_retries", "Retries", hint: "After the first attempt.", coding: .number),
        EditorField("base_delay", "First wait", hint: "Such as 30s or 5m."),
        EditorField(
            "retry.strategy", "How waits grow",
            control: .choice([
                .init(value: "exponential", label: "By a factor"), .init(value: "fixed", label: "They stay the same"),
                .init(value: "list", label: "By a list"),
            ])),
        EditorField("retry.factor", "Factor", coding: .number),
        EditorField("retry.max_delay", "Longest wait"),
        EditorField(
            "retry.delays", "Waits of the list", hint: "With commas between; the last one repeats.", coding: .list),
        EditorField(
            "retry.jitter", "Chance in waits",
            control: .choice([
                .init(value: "", label: "As the growth wants it"), .init(value: "equal", label: "Half of each wait"),
                .init(value: "full", label: "All of each wait"), .init(value: "none", label: "None"),
            ])),
        EditorField(
            "retry.max_elapsed", "Give up after", hint: "Since the first attempt; empty: when no retry is left."),
        EditorField("timeout", "Time for an attempt"),
        EditorField(
            "delivery", "When the outcome is not known",
            control: .choice([
                .init(value: "at_least_once", label: "Try again"), .init(value: "at_most_once", label: "Never twice"),
            ])),
    ]

    static let payload = EditorField(
        "payload", "Payload", hint: "JSON that texts of the action may use, such as {{payload.customer}}.",
        control: .area(rows: 4), coding: .json, isCode: true)

    /// Of an action, besides its kind. Empty for one whose fields are all in the remainder.
    func action(_ kind: String) -> [EditorField] {
        switch kind {
        case "webhook": Self.webhook
        case "sql": sql
        case "alert": alert
        case "command": Self.command
        default: []
        }
    }

    func all(_ kind: String) -> [EditorField] { what + action(kind) + [Self.payload, schedule] + when + failure }

    /// Of all kinds, so that what was typed for one is there again when somebody comes back to it.
    var ofEveryKind: [EditorField] { Self.kinds.flatMap(action) }

    private static let timeout = EditorField(
        "action.timeout", "Time for the action", hint: "Within that for an attempt.")

    private static let webhook = [
        EditorField("action.url", "URL", isRequired: true, isCode: true),
        EditorField(
            "action.method", "Method",
            control: .choice(
                [.init(value: "", label: "As usual (POST)")]
                    + ["POST", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"].map { .init(value: $0, label: $0) })),
        EditorField(
            "action.headers", "Headers", hint: "One a line: Name: value. Secrets belong into {{secrets.NAME}}.",
            control: .area(rows: 3), coding: .pairs(":"), isCode: true),
        EditorField(
            "action.body", "Body, a text", hint: "Empty: the payload as JSON.", control: .area(rows: 4), isCode: true),
        EditorField(
            "action.body", "or JSON", control: .area(rows: 4), coding: .json, name: "action.body.json", isCode: true),
        EditorField("action.success_statuses", "Answers that are a success", hint: "Such as 200-299.", coding: .number),
        timeout,
        EditorField(
            "action.signing_secret", "Signing secret", hint: "whsec_ and base64. Empty: unsigned.", control: .secret),
    ]

    private var sql: [EditorField] {
        [
            EditorField("action.connection", "Connection", control: Self.named(connections), isRequired: true),
            EditorField(
                "action.sql", "SQL", hint: "One statement; its values are $1, $2, …", control: .area(rows: 6),
                isCode: true),
            EditorField(
                "action.params", "Values", hint: "A list in JSON: [\"{{payload.customer}}\", 7]",
                control: .area(rows: 2),
                coding: .json, isCode: true),
            EditorField(
                "action.expect_rows", "Rows expected", hint: "1, 1-10 or 1-; otherwise all is taken back.",
                coding: .number),
            Self.timeout,
        ]
    }

    private var alert: [EditorField] {
        [
            EditorField("action.channel", "Channel", control: Self.named(channels)),
            EditorField("action.title", "Title", hint: "Empty: the job’s name."),
            EditorField("action.message", "Message", control: .area(rows: 4), isRequired: true),
            EditorField(
                "action.severity", "Severity",
                control: .choice(
                    [.init(value: "", label: "As usual (info)")]
                        + ["info", "warning", "error", "critical"].map { .init(value: $0, label: $0) })),
            EditorField(
                "action.recipients", "Recipients",
                hint: "For mail and SMS, with commas between. Empty: the channel’s own.", coding: .list),
            Self.timeout,
        ]
    }

    private static let command = [
        EditorField(
            "action.command", "Program and arguments", hint: "One a line; no shell reads them.",
            control: .area(rows: 4),
            coding: .lines, isCode: true),
        EditorField(
            "action.shell", "or a text for /bin/sh", hint: "No template: give values by the environment.",
            control: .area(rows: 3),
            isCode: true),
        EditorField(
            "action.environment", "Environment", hint: "One a line: NAME=value.", control: .area(rows: 3),
            coding: .pairs("="),
            isCode: true),
        EditorField("action.working_directory", "Working directory", isCode: true),
        EditorField("action.stdin", "Input", hint: "payload, none, or a text."),
        timeout,
    ]

    private static func named(_ names: [String]) -> EditorField.Control {
        .choice([.init(value: "", label: "Choose one")] + names.map { .init(value: $0, label: $0) })
    }
}
