import CronEngine
import CronModel
import HTTPTypes

/// How the document speaks of one kind of setting.
struct SettingWords: Sendable {
    let path: String
    let tag: Operation.Tag
    /// As it begins the names of operations: `Connection`.
    let name: String
    /// What it is for.
    let about: String
    /// What comes of trying it out.
    let aboutTest: String

    static let connection = SettingWords(
        path: "/api/v1/connections", tag: .connections, name: "Connection",
        about: "SQL actions name it as their `connection`. Its password is never shown.",
        aboutTest: "Nothing that lasts comes of it.")

    static let channel = SettingWords(
        path: "/api/v1/channels", tag: .channels, name: "Channel",
        about: "Alerts name it. Its passwords, tokens and keys are never shown, and URLs count as such. They were given for "
            + "where it leads: when that changes, they must be given again.",
        aboutTest: "A real message is sent, of a channel that knows people to the first of its own `recipients`.")
}

extension SettingRoutes {
    private var name: Parameter { .path("name", .resourceName, "Its name.") }

    private var body: Schema { settings.setting.schema.named("\(words.name)Fields") }

    private var shown: Schema {
        settings.setting.schema.extended(
            as: words.name,
            by: [
                .required("id", .id), .required("name", .string()), .required("version", .count(from: 1)),
                .required("created_at", .instant), .required("updated_at", .instant),
            ]
        ).mapMembers { member in
            guard settings.setting.secretFields.contains(member.name) else { return member }
            return .optional(member.name, .string(), "A mark, where there is one.")
        }
    }

    private static let outcome = Schema.object([
        .required("usable", .bool), .required("message", .string(), "What works, or what does not and why."),
        .required("facts", .object([], isOpen: true), "What was found out, such as the server's version."),
    ]).named("SettingTest")

    var routes: [Route] { reading + writing }

    private var reading: [Route] {
        [
            Route(
                .get, words.path, .settings(.read),
                Operation(
                    "list\(words.name)s", words.tag, "List \(words.name.lowercased())s",
                    parameters: [.query("q", .word, "Part of the name, in any case.")] + Parameter.page,
                    answers: [.page(of: shown)]),
                list),
            Route(
                .get, "\(words.path)/{name}", .settings(.read),
                Operation(
                    "read\(words.name)", words.tag, "Read a \(words.name.lowercased())", parameters: [name],
                    answers: [.json(shown, headers: [.eTag])]),
                read),
        ]
    }

    private var writing: [Route] {
        let noun = words.name.lowercased()
        return [
            Route(
                .put, "\(words.path)/{name}", .settings(.write),
                Operation(
                    "put\(words.name)", words.tag, "Set a \(noun)",
                    about: words.about + " Secret fields that are left out stay as they are.",
                    parameters: [name, .ifMatch], body: .json(body, example: settings.setting.example),
                    answers: [
                        .json(shown, "Replaced.", headers: [.eTag]),
                        .json(shown, status: .created, "New.", headers: [.eTag, .namedLocation(words.path)]),
                    ], problems: [.conflict, .limitReached]),
                put),
            Route(
                .post, "\(words.path)/{name}/test", .settings(.write),
                Operation(
                    "test\(words.name)", words.tag, "Try a \(noun) out",
                    about: "As it is stored or, with a body, as it would be. " + words.aboutTest
                        + " Within \(SettingControl.longestTest). What came of it is in the audit log.",
                    parameters: [name], body: .optional(.anyOf([body, .object([])])), answers: [.json(Self.outcome)]),
                test),
            Route(
                .delete, "\(words.path)/{name}", .settings(.write),
                Operation(
                    "delete\(words.name)", words.tag, "Delete a \(noun)",
                    about: "Attempts of jobs that still name it fail and say so.", parameters: [name, .ifMatch],
                    answers: [.noContent]),
                delete),
        ]
    }
}
