import CronModel
import CronSchedule
import Testing

@testable import CronActions

@Suite struct CommandDefinitionTests {
    private func problems(_ fields: [String: JSONValue]) -> [FieldProblem] {
        commands.validate(ActionDefinition(type: "command", fields: fields))
    }

    private func field(_ fields: [String: JSONValue], _ name: String, _ message: String) -> Bool {
        let problems = problems(fields.merging(["command": ["true"]]) { own, _ in own })
        return problems.count == 1 && problems[0].field == "action.\(name)" && problems[0].message.contains(message)
    }

    @Test(
        arguments: [
            ("command", [:], "is required"),
            ("shell", ["shell": "true", "command": ["true"]], "give one or the other"),
            ("command", ["command": "true"], "must be a list of 1 to 256 texts"),
            ("command", ["command": []], "must be a list of 1 to 256 texts"),
            ("command[0]", ["command": [""]], "is empty"),
            ("command[0]", ["command": [1]], "must be a string, not a number"),
            ("command[1]", ["command": ["true", nil]], "must be a string, not null"),
            ("command[0]", ["command": ["{{payload.program}}"]], "is no template"),
            ("command[0]", ["command": ["./run"]], "must be a name that is looked for in PATH, or an absolute path"),
            ("command[0]", ["command": ["../bin/run"]], "or an absolute path"),
            ("command[2]", ["command": ["a", "b", "{{run_ids}}"]], "did you mean \"run_id\"?"),
            ("shell", ["shell": "  \n"], "is empty"),
            ("shell", ["shell": "rm {{ payload.file }}"], "{{payload.file}} could become a command of its own"),
            ("shell", ["shell": "a {{.State}} {{secrets.token}}"], "give it by `environment`"),
            ("shell", ["shell": "{{{{run_id}}"], "{{run_id}}"),
        ] as [(String, [String: JSONValue], String)])
    func whatToRunIsSaidPlainly(_ name: String, _ fields: [String: JSONValue], _ message: String) {
        let problems = problems(fields)
        #expect(problems.map(\.field) == ["action.\(name)"])
        #expect(problems.first?.message.contains(message) == true, "\(problems)")
    }

    @Test(
        arguments: [
            ("environment", "must be an object", ["PATH"]), ("environment.1A", "is not a name", ["1A": "x"]),
            ("environment.A-B", "is not a name", ["A-B": "x"]), ("environment.", "is not a name", ["": "x"]),
            ("environment.CRONPP_RUN_ID", "is set by Cron++", ["CRONPP_RUN_ID": "x"]),
            ("environment.A", "must be a string, not a number", ["A": 1]),
            ("environment.A", "is never closed", ["A": "{{run_id"]),
            ("working_directory", "must be an absolute path", "here"),
            ("working_directory", "must be an absolute path", ""),
            ("user", "must be the name of an account", ""), ("user", "must be a string", 0),
            ("stdin", "unknown name", "{{nothing}}"), ("stdin", "must be a string", ["a": 1]),
            ("timeout", "must be a duration", 5), ("timeout", "is outside", "25h"),
            ("success_exit_codes", "must be an exit code", 256), ("success_exit_codes", "must be an exit code", "3-1"),
            ("transient_exit_codes", "must be an exit code", "01"), ("transient_exit_codes", "within 0-255", ["1-256"]),
            ("enviroment", "did you mean \"environment\"?", [:]),
        ] as [(String, String, JSONValue)])
    func theRestIsChecked(_ name: String, _ message: String, _ value: JSONValue) {
        let top = String(name.prefix { $0 != "." })
        #expect(field([top: value], name, message), "\(problems([top: value, "command": ["true"]]))")
    }

    @Test func otherLanguagesBracesAreTheirs() {
        #expect(problems(["shell": "docker inspect -f '{{.State.Status}}' x; echo {{ payloads }} {{ {{"]) == [])
    }

    /// A long text of braces is read in one pass.
    @Test(.timeLimit(.minutes(1))) func bracesCostNoTime() {
        let braces = String(repeating: "{{payload", count: CommandDefinition.maxShellBytes / 9)
        #expect(problems(["shell": .string(braces)]) == [])
    }

    @Test func everyDescribedFieldIsReadAndDefaultsAreAccepted() {
        let members = CommandDefinition.schema.members
        var defaults: [String: JSONValue] = ["command": ["true"]]
        for member in members {
            #expect(!problems([member.name: ["not": "this"]]).contains { $0.message.hasPrefix("unknown field") })
            if case .value(let initial)? = member.schema.parts["default"] { defaults[member.name] = initial }
        }
        #expect(members.count == 9 && defaults.count == 6)
        #expect(problems(defaults) == [])
    }
}
