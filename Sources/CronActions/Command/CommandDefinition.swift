import CronModel
import CronSchedule

/// A command's fields, read and checked.
///
/// | member | default | meaning |
/// | --- | --- | --- |
/// | `command` | | the program and its arguments, a list of texts that no shell reads; the arguments are templates |
/// | `shell` | | in its place, a text for `/bin/sh -c`; it is no template |
/// | `environment` | `{}` | names and templates, on top of what `CommandEnvironment` gives |
/// | `working_directory` | `/` | an absolute path |
/// | `user` | the node's | the name of an account of the machine; another than the node's only where it runs as root |
/// | `stdin` | `payload` | `payload`, as JSON; `none`; or any other text, a template |
/// | `timeout` | the job's | from the start to the end of everything that the program started |
/// | `success_exit_codes` | `[0]` | a number or range, or a list of them |
/// | `transient_exit_codes` | see `CommandExitCodes` | likewise: the failures that are worth another attempt |
///
/// What to run is said by whoever may define commands and never filled in: whoever may only start the job chooses its
/// payload, and with it would choose the program, or the rest of a shell's text.
struct CommandDefinition: Sendable {
    static let partCounts = 1...256
    static let maxPartBytes = 16_384
    static let maxShellBytes = 65_536
    static let maxVariables = 100
    static let maxNameBytes = 100
    static let maxPathBytes = 4_096
    static let maxInputBytes = 65_536

    enum Program: Sendable {
        case arguments(program: String, [Template])
        case shell(String)
    }

    enum Input: Sendable {
        case payload, none
        case text(Template)
    }

    let program: Program
    let environment: [String: Template]
    let workingDirectory: String
    let user: String?
    let input: Input
    let exitCodes: CommandExitCodes

    init(_ definition: ActionDefinition) throws(FieldProblems) {
        var reader = FieldReader(definition.fields, prefix: "action.")
        let program = Self.readProgram(&reader)
        environment = Self.readEnvironment(&reader)
        workingDirectory = Self.readDirectory(&reader)
        user = Self.readUser(&reader)
        input = Self.readInput(&reader)
        // Only checked: an attempt's timeout is already the smaller of the action's and the job's.
        _ = reader.span("timeout", in: JobLimit.timeout)
        exitCodes = CommandExitCodes.read(&reader)
        reader.refuseUnknown()
        guard let program, reader.problems.isEmpty else { throw FieldProblems(reader.problems) }
        self.program = program
    }
}

// MARK: - What to run

extension CommandDefinition {
    private static func readProgram(_ reader: inout FieldReader) -> Program? {
        switch (reader.value("command"), reader.value("shell")) {
        case (nil, nil):
            reader.refuse("command", "is required")
            return nil
        case (.some, .some):
            reader.refuse("shell", "stands beside `command`; give one or the other")
            return nil
        case (let value?, nil):
            return readArguments(value, &reader)
        case (nil, .some):
            return readShell(&reader)
        }
    }

    private static func readArguments(_ value: JSONValue, _ reader: inout FieldReader) -> Program? {
        guard let items = value.arrayValue, partCounts.contains(items.count) else {
            let counts = "\(partCounts.lowerBound) to \(partCounts.upperBound)"
            reader.refuse("command", "must be a list of \(counts) texts: the program and its arguments")
            return nil
        }
        var arguments: [Template] = []
        for (index, item) in items.enumerated() {
            guard let text = text(item, "command[\(index)]", limit: maxPartBytes, &reader), index > 0 else { continue }
            if let template = template(text, "command[\(index)]", &reader) { arguments.append(template) }
        }
        guard let program = items.first?.stringValue else { return nil }
        if let problem = problem(ofProgram: program) { reader.refuse("command[0]", problem) }
        return .arguments(program: program, arguments)
    }

    private static func problem(ofProgram program: String) -> String? {
        if program.isEmpty { return "is empty; it must be a program" }
        if program.contains("{{") { return "is no template: the payload may not choose the program" }
        guard program.contains("/"), !program.hasPrefix("/") else { return nil }
        return "must be a name that is looked for in PATH, or an absolute path"
    }

    private static func readShell(_ reader: inout FieldReader) -> Program? {
        guard let text = reader.string("shell", limit: maxShellBytes) else { return nil }
        if text.allSatisfy(\.isWhitespace) { reader.refuse("shell", "is empty") }
        if let name = Template.firstName(in: text) {
            reader.refuse(
                "shell",
                "is no template, or {{\(name)}} could become a command of its own: give it by `environment`, and write "
                    + "\"$NAME\"")
        }
        return .shell(text)
    }
}

// MARK: - What it finds

extension CommandDefinition {
    private static func readEnvironment(_ reader: inout FieldReader) -> [String: Template] {
        guard let value = reader.value("environment") else { return [:] }
        guard let members = value.objectValue, members.count <= maxVariables else {
            reader.refuse("environment", "must be an object of at most \(maxVariables) names and texts")
            return [:]
        }
        var environment: [String: Template] = [:]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let field = "environment.\(name.prefix(80))"
            if let problem = CommandEnvironment.problem(ofName: name) {
                reader.refuse(field, problem)
            } else if let text = text(value, field, limit: maxPartBytes, &reader) {
                environment[name] = template(text, field, &reader)
            }
        }
        return environment
    }

    private static func readDirectory(_ reader: inout FieldReader) -> String {
        guard let path = reader.string("working_directory", limit: maxPathBytes) else { return "/" }
        if !path.hasPrefix("/") { reader.refuse("working_directory", "must be an absolute path") }
        return path
    }

    private static func readUser(_ reader: inout FieldReader) -> String? {
        guard let name = reader.string("user", limit: maxNameBytes) else { return nil }
        if name.isEmpty { reader.refuse("user", "must be the name of an account of the machine") }
        return name
    }

    private static func readInput(_ reader: inout FieldReader) -> Input {
        switch reader.string("stdin", limit: maxInputBytes) {
        case nil, "payload": .payload
        case "none": .none
        case let text?: template(text, "stdin", &reader).map { .text($0) } ?? .none
        }
    }

    private static func text(
        _ value: JSONValue, _ field: String, limit: Int, _ reader: inout FieldReader
    ) -> String? {
        guard let text = value.stringValue else {
            reader.refuse(field, "must be a string, not \(value.kindName)")
            return nil
        }
        guard text.utf8.count <= limit else {
            reader.refuse(field, "is \(text.utf8.count) bytes long; the limit is \(limit)")
            return nil
        }
        return text
    }

    private static func template(_ text: String, _ field: String, _ reader: inout FieldReader) -> Template? {
        do throws(Template.Problem) {
            return try Template(text)
        } catch {
            reader.refuse(field, error.message, column: error.column)
            return nil
        }
    }
}

// MARK: - For the API's document

extension CommandDefinition {
    static let schema = Schema.object([
        .field(
            "command", .list(of: .string(0...maxPartBytes), partCounts),
            "The program, looked for in PATH or an absolute path, and its arguments; no shell reads them. The arguments "
                + "are templates such as `{{payload.user.name}}`. Everybody on the machine may read them (`ps`): "
                + "give secrets by `environment` or `stdin`. To define a command needs `commands:write`."),
        .field(
            "shell", .string(1...maxShellBytes),
            "In its place, a text for `/bin/sh -c`. It is no template: give values by `environment`, and write "
                + "`\"$NAME\"`."),
        .field(
            "environment", environment, default: .object([:]),
            "Variables; their values are templates. Of the node's own the program finds \(CommandEnvironment.about), "
                + "and of the attempt \(CommandEnvironment.factNames.map { "`\($0)`" }.joined(separator: ", "))."),
        .field(
            "working_directory", .string(1...maxPathBytes, pattern: #"^/[^\x00]*$"#), default: .string("/"),
            "An absolute path."),
        .field(
            "user", .string(1...maxNameBytes),
            "The account of the machine to run as; absent: the node's own, which is also the only one where the node "
                + "does not run as root."),
        .field(
            "stdin", .string(0...maxInputBytes), default: .string("payload"),
            "`payload`: as JSON; `none`: nothing; any other text is a template."),
        .field(
            "timeout", .span(JobLimit.timeout),
            "From the start to the end of all that the program started, within the job's own; absent: the job's. Then "
                + "SIGTERM, and SIGKILL \(TimeoutPolicy.stopGrace) later."),
        .field(
            "success_exit_codes", CommandExitCodes.schema, default: .array([.integer(0)]),
            "A number or range, or a list of them."),
        .field(
            "transient_exit_codes", CommandExitCodes.schema, default: CommandExitCodes.standardTransient,
            "Likewise: the failures that are worth another attempt. Any other code ends the run for good."),
    ])

    private static let environment = Schema.map(
        of: .string(0...maxPartBytes),
        names: Schema.string(1...maxNameBytes, pattern: "^[A-Za-z_][A-Za-z0-9_]*$").with(
            "not", .schema(Schema(["pattern": .value(.string("^" + CommandEnvironment.reservedPrefix))]))),
        most: maxVariables)
}
