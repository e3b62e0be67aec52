import CronModel

/// A program to be run, everything filled in.
struct CommandOrder: Sendable {
    /// Of all arguments, of all variables that the definition gives. Linux takes no text of 128 KiB.
    static let maxFilledBytes = 98_304
    static let maxInputBytes = 1_048_576

    /// A name that is looked for in the variables' PATH, or an absolute path.
    let program: String
    let arguments: [String]
    let variables: [String: String]
    let workingDirectory: String
    let input: [UInt8]
    /// Nil to run as the node does.
    let user: CommandUser?

    init(
        _ definition: CommandDefinition, for attempt: AttemptContext, environment: CommandEnvironment,
        user: CommandUser?
    ) throws(TemplateValues.Missing) {
        let values = TemplateValues(attempt: attempt)
        switch definition.program {
        case .shell(let text):
            program = "/bin/sh"
            arguments = ["-c", text]
        case .arguments(let name, let templates):
            program = name
            var room = Self.maxFilledBytes
            var filled: [String] = []
            for (index, template) in templates.enumerated() {
                filled.append(try Self.filled(template, values, &room, "command[\(index + 1)]"))
            }
            arguments = filled
        }
        var room = Self.maxFilledBytes
        var own: [String: String] = [:]
        for (name, template) in definition.environment {
            own[name] = try Self.filled(template, values, &room, "environment.\(name)")
        }
        variables = environment.variables(of: attempt, user: user, own: own)
        input = try Self.input(definition.input, attempt, values)
        workingDirectory = definition.workingDirectory
        self.user = user
    }

    private static func input(
        _ input: CommandDefinition.Input, _ attempt: AttemptContext, _ values: TemplateValues
    ) throws(TemplateValues.Missing) -> [UInt8] {
        switch input {
        case .none: return []
        // A line, as programs that read lines expect.
        case .payload: return JSONWriter.bytes(attempt.payload) + [UInt8(ascii: "\n")]
        case .text(let template):
            var room = maxInputBytes
            return Array(try filled(template, values, &room, "stdin", mayHoldNUL: true).utf8)
        }
    }

    private static func filled(
        _ template: Template, _ values: TemplateValues, _ room: inout Int, _ field: String, mayHoldNUL: Bool = false
    ) throws(TemplateValues.Missing) -> String {
        let text: String
        do throws(TemplateValues.Missing) {
            text = try template.rendered(with: values, room: &room)
        } catch {
            throw TemplateValues.Missing(message: "\(field): \(error.message)")
        }
        guard mayHoldNUL || !text.utf8.contains(0) else {
            throw TemplateValues.Missing(message: "\(field): holds a NUL, which no program can be given here")
        }
        return text
    }
}
