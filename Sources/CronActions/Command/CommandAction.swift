package import CronModel
import CronSchedule
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs a program on the node: one attempt starts at most one, and ends with nothing of it left.
package struct CommandAction: ActionRunner {
    package let type = "command"
    package let secretFields: Set<String> = []
    package let permission: Permission? = Permission(.commands, .write)
    package let schema = CommandDefinition.schema
    package let hasLiveOutput = true

    private let environment: CommandEnvironment
    private let ending: CommandProcess.Ending

    /// - Parameter environment: the variables of this process.
    package init(environment: [String: String]) {
        self.init(environment: environment) { await $0.end(grace: TimeoutPolicy.stopGrace) }
    }

    init(environment: [String: String], ending: @escaping CommandProcess.Ending) {
        self.environment = CommandEnvironment(environment)
        self.ending = ending
        // A program that closes its input early would otherwise end this process with what is written to it.
        signal(SIGPIPE, SIG_IGN)
    }

    package func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        FieldProblems.found { () throws(FieldProblems) in _ = try CommandDefinition(definition) }
    }

    package func run(_ attempt: AttemptContext) async -> Outcome {
        let definition: CommandDefinition
        let order: CommandOrder
        do {
            definition = try CommandDefinition(attempt.action)
            let user = try await user(definition.user)
            order = try CommandOrder(definition, for: attempt, environment: environment, user: user)
        } catch let error as FieldProblems {
            return .refused(error.all)
        } catch let refusal as CommandUser.Refusal {
            return .refused(refusal)
        } catch {
            return .failedTemplate(error)
        }
        guard !Task.isCancelled else { return .cancelled(.nothingSent) }
        let end = await CommandProcess(order: order, ending: ending, offer: attempt.output).run(limit: attempt.timeout)
        return Outcome(end, definition.exitCodes, limit: attempt.timeout.description, hiding: attempt.hiding)
    }

    private func user(_ name: String?) async throws -> CommandUser? {
        guard let name else { return nil }
        return try await NIOThreadPool.singleton.runIfActive { try CommandUser.find(name) }
    }
}

extension Outcome {
    fileprivate static func refused(_ refusal: CommandUser.Refusal) -> Outcome {
        switch refusal {
        case .unknown: return refused("action.user: this node's machine has no such user")
        case .notRoot: return refused("action.user: only a node that runs as root can run commands as somebody else")
        case .unavailable(let errno):
            var outcome = refused("action.user: the user could not be looked up: \(String(cString: strerror(errno)))")
            outcome.kind = .exitCode
            outcome.verdict = .transient
            return outcome
        }
    }
}
