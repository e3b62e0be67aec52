import CronEngine
import CronModel
import CronSchedule
import Foundation
import Logging
import Testing

@testable import CronActions
@testable import CronApp

/// Commands on a whole node: off until the operator turns them on, and then without its keys and without secrets.
@Suite(.timeLimit(.minutes(2))) struct CommandNodeTests {
    private func withNode(_ flags: [ConfigKey: String], _ body: (RunningNode, AppConfig) async throws -> Void)
        async throws
    {
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-command-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let config = try AppConfig(
            flags: flags.merging([.dataDir: directory]) { $1 }, environment: [:], file: nil)
        let node = try await App.start(config, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        do {
            try await body(node, config)
        } catch {
            await node.close()
            throw error
        }
        await node.close()
    }

    @Test func offByDefault() async throws {
        try await withNode([:]) { node, _ in
            #expect(node.actions.registry["command"] == nil)
            #expect(node.actions.registry.absence(of: "command").contains("turns them on with ALLOW_COMMANDS"))
            let vault = Vault(store: node.store, ring: KeyRing(current: [UInt8](repeating: 1, count: 32)))
            let executor = Executor(
                actions: node.actions.registry, secrets: AttemptSecrets(store: node.store, vault: vault))
            let outcome = await executor.run(attempt(["command": .array([.string("true")])]))
            #expect(outcome.verdict == .permanent && outcome.reach == .nothingSent)
            #expect(outcome.error?.contains("ALLOW_COMMANDS") == true)
        }
    }

    @Test func anOutcomeHoldsNoSecret() async throws {
        try await withNode([.allowCommands: "true"]) { node, _ in
            let vault = Vault(store: node.store, ring: KeyRing(current: [UInt8](repeating: 1, count: 32)))
            let secrets = SecretControl(store: node.store, vault: vault)
            let value: JSONValue = .object(["value": .string("canary-4711-0815")])
            _ = try await secrets.put("token", value, if: .none, by: Actor(space: Self.space))
            let executor = Executor(
                actions: node.actions.registry, secrets: AttemptSecrets(store: node.store, vault: vault))
            let fields: [String: JSONValue] = [
                "shell": .string("cat; echo; echo $TOKEN; echo -n $TOKEN | base64 >&2; exit 75"),
                "environment": .object(["TOKEN": .string("{{secrets.token}}")]),
                "stdin": .string("{{secrets.token}}"),
            ]
            let outcome = await executor.run(attempt(fields))
            #expect(outcome.exitCode == 75 && outcome.verdict == .transient)
            let lines = (outcome.output ?? "").split(separator: "\n")
            #expect(lines.count == 3 && lines.allSatisfy { $0.hasPrefix("********") && $0.count < 12 }, "\(outcome)")
        }
    }

    /// A node that stops does not leave before its commands have, whatever they do about it.
    @Test func aNodeThatStopsEndsItsCommands() async throws {
        #expect(EngineSettings.abortGrace > TimeoutPolicy.stopGrace + ProcessSession.killPatience)
        let pipe = NSTemporaryDirectory() + "cronpp-witness-\(UUID())"
        try #require(mkfifo(pipe, 0o600) == 0)
        let witness = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer {
            close(witness)
            unlink(pipe)
        }
        try await withNode([.allowCommands: "true", .drain: "100ms"]) { node, _ in
            let engine = try #require(node.engine)
            let running = Task { try await engine.run() }
            let text = "exec 9>\"$WITNESS\"; trap '' TERM; echo r >&9; timeout 1000 sleep 1000 & sleep 1000; sleep 1000"
            let job = try await job(
                ["shell": .string(text), "environment": .object(["WITNESS": .string(pipe)])], on: node)
            try await Self.wait(for: witness)
            engine.post(.drain)
            try await running.value
            var bytes = [UInt8](repeating: 0, count: 64)
            while read(witness, &bytes, bytes.count) > 0 {}
            #expect(read(witness, &bytes, 1) == 0, "somebody still has the other end")
            var query = RunQuery(owner: Self.space)
            query.jobID = job
            let run = try #require(try await node.store.runs(query).items.first { $0.current != nil })
            #expect(run.current?.outcome?.kind == .shutdown && run.current?.outcome?.reach == .maybeSent, "\(run)")
        }
    }

    /// A job that runs every second, of a user of its own.
    private func job(_ fields: [String: JSONValue], on node: RunningNode) async throws -> JobID {
        let user = User(
            id: Self.space, email: "ann@example.org", name: nil, passwordHash: "", createdAt: node.store.clock.now)
        try await node.store.createUser(user, onlyFirst: false, audit: nil)
        let definition = JobDefinition(
            name: "j", schedule: "* * * * * *", action: ActionDefinition(type: "command", fields: fields))
        let draft = JobDraft(id: JobID(high: 4, low: 4), userID: Self.space, definition: definition)
        let created = try await node.store.createJobs([draft])
        node.engine?.wake()
        return try #require(created.first).get().job.job.id
    }

    private static func wait(for pipe: Int32) async throws {
        let isReady = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var waited = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
                continuation.resume(returning: poll(&waited, 1, 60_000) == 1)
            }
        }
        try #require(isReady, "the command did not start")
    }

    private static let space = UserID(high: 5, low: 5)

    private func attempt(_ fields: [String: JSONValue]) -> AttemptContext {
        AttemptContext(
            runID: RunID(high: 3, low: 3), jobID: JobID(high: 4, low: 4), userID: Self.space, jobName: "j",
            scheduledFor: Instant(seconds: 1_800_000_000), zone: "", attempt: 1, fence: 1,
            action: ActionDefinition(type: "command", fields: fields), payload: .null, timeout: .seconds(30),
            delivery: .atLeastOnce)
    }
}
