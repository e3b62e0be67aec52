import CronModel
import CronSchedule
import CronTesting
import Foundation
import Synchronization
import Testing

@testable import CronEngine

@Suite struct VaultTests {
    private static let ann = UserID(high: 1, low: 1)
    private static let bob = UserID(high: 1, low: 2)
    private static let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
    private let store = MemoryStore(clock: TestClock())

    @Test func whatIsSealedOpensAsWhatItWasOnly() async throws {
        let vault = Vault(store: store, ring: KeyRing(current: Self.old))
        let sealed = try await vault.seal("text", of: Self.ann, as: "a")
        #expect(Vault.isSealed(sealed) && !sealed.contains("text"))
        #expect(try await vault.seal("text", of: Self.ann, as: "a") != sealed, "no two seals are alike")
        #expect(try await vault.open(sealed, of: Self.ann, as: "a") == "text")
        _ = try await vault.seal("text", of: Self.bob, as: "a")
        for (space, what, text) in [
            (Self.bob, "a", sealed), (Self.ann, "b", sealed), (Self.ann, "a", String(sealed.dropLast(4))),
            (Self.ann, "a", "text"), (Self.ann, "a", Vault.mark),
        ] {
            await #expect(throws: VaultError.damaged(what)) { try await vault.open(text, of: space, as: what) }
        }
        // Bytes, not letters: the last letter of base64 has bits that stand for nothing.
        let bytes = try #require(Data(base64Encoded: String(sealed.dropFirst(Vault.mark.count))))
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1
            let text = Vault.mark + altered.base64EncodedString()
            await #expect(throws: VaultError.damaged("a")) { try await vault.open(text, of: Self.ann, as: "a") }
        }
    }

    @Test func oneKeyFollowsAnother() async throws {
        let before = Vault(store: store, ring: KeyRing(current: Self.old))
        let sealed = try await before.seal("text", of: Self.ann, as: "a")
        _ = try await before.seal("text", of: Self.bob, as: "a")
        let without = Vault(store: store, ring: KeyRing(current: Self.new))
        await #expect(throws: VaultError.self) { try await without.open(sealed, of: Self.ann, as: "a") }
        await #expect(throws: VaultError.self, "nothing is sealed beside what cannot be opened") {
            try await without.seal("text", of: Self.ann, as: "a")
        }
        let after = Vault(store: store, ring: KeyRing(current: Self.new, former: [Self.old]))
        #expect(try await after.open(sealed, of: Self.ann, as: "a") == "text")
        #expect(try await after.rotate() == (2, 2))
        #expect(try await after.rotate() == (0, 2))
        let done = Vault(store: store, ring: KeyRing(current: Self.new))
        #expect(try await done.open(sealed, of: Self.ann, as: "a") == "text")
        await #expect(throws: StoreError.self) {
            try await Vault(store: store, ring: KeyRing(current: Self.old)).rotate()
        }
    }

    @Test func manyAtOnceHaveOneDataKey() async throws {
        let ring = KeyRing(current: Self.old)
        let sealed = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<20 {
                let vault = Vault(store: store, ring: ring)
                group.addTask { try await vault.seal("\(number)", of: Self.ann, as: "a") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let vault = Vault(store: store, ring: ring)
        var opened: Set<String> = []
        for text in sealed { opened.insert(try await vault.open(text, of: Self.ann, as: "a")) }
        #expect(opened.count == 20)
    }
}

@Suite struct AttemptSecretTests {
    private static let space = UserID(high: 1, low: 1)
    private static let job = JobID(high: 2, low: 2)
    private let clock = TestClock()
    private let store: FaultyStore
    private let vault: Vault

    init() {
        store = FaultyStore(MemoryStore(clock: clock))
        vault = Vault(store: store, ring: KeyRing(current: [UInt8](repeating: 1, count: 32)))
    }

    /// Answers all that it was given.
    private final class Echo: ActionRunner {
        let type = "echo"
        let secretFields: Set<String> = ["key"]
        let references: [String: Resource.Kind] = ["connection": .connection, "attach.connection": .connection]
        let seen = Mutex<AttemptContext?>(nil)

        func validate(_ definition: ActionDefinition) -> [FieldProblem] { [] }

        func run(_ attempt: AttemptContext) async -> Outcome {
            seen.withLock { $0 = attempt }
            var outcome = Outcome(kind: .httpError, verdict: .transient, reach: .answered)
            outcome.output = "sent \(attempt.action.fields) and \(attempt.secrets)"
            outcome.error = "bad token \(attempt.secrets["token"] ?? "")"
            return outcome
        }
    }

    private func attempt(_ fields: [String: JSONValue]) -> AttemptContext {
        AttemptContext(
            runID: RunID(high: 3, low: 3), jobID: Self.job, userID: Self.space, jobName: "j", scheduledFor: clock.now,
            zone: "UTC", attempt: 1, fence: 1, action: ActionDefinition(type: "echo", fields: fields), payload: .null,
            timeout: .seconds(15), delivery: .atLeastOnce)
    }

    @Test func anAttemptGetsItsSecretsAndItsOutcomeHasNone() async throws {
        let control = SecretControl(store: store, vault: vault)
        let actor = Actor(space: Self.space)
        for (name, value) in [("token", "canary-1"), ("id", "abc")] {
            _ = try await control.put(name, .object(["value": .string(value)]), if: .none, by: actor)
        }
        let sealed = try await vault.seal(.string("canary-2"), field: "key", of: Self.job, in: Self.space)
        let fields: [String: JSONValue] = [
            "key": .string(sealed), "url": .string("https://x.example/{{secrets.id}}"),
            "headers": .object(["Authorization": .string("Bearer {{ secrets.token }}")]),
        ]
        let echo = Echo()
        let executor = Executor(
            actions: ActionRegistry([echo]), secrets: AttemptSecrets(store: store, vault: vault))
        let outcome = await executor.run(attempt(fields))
        let seen = try #require(echo.seen.withLock { $0 })
        #expect(seen.secrets == ["token": "canary-1", "id": "abc"] && seen.action.fields["key"] == .string("canary-2"))
        #expect(outcome.error == "bad token ********" && outcome.output?.contains("canary") == false)
        #expect(outcome.output?.contains("Bearer") == true)

        // A new value is used by attempts that begin a little later.
        _ = try await control.put("token", .object(["value": .string("canary-3")]), if: .none, by: actor)
        clock.advance(by: AttemptSecrets.remembered)
        _ = await executor.run(attempt(fields))
        #expect(echo.seen.withLock { $0?.secrets["token"] } == "canary-3")
    }

    /// The runner gets a setting's fields as they are; what comes of the attempt holds none that is secret.
    @Test func anAttemptGetsTheSettingsThatItNames() async throws {
        let body = try await vault.body(
            of: ["host": .string("db.example"), "password": .string("canary-5")], secret: ["password"], .connection,
            name: "shop", version: 1, in: Self.space)
        #expect(body["password"]?.stringValue?.hasPrefix(Vault.mark) == true)
        _ = try await store.createResource(
            Resource(
                id: ResourceID(high: 1, low: 1), kind: .connection, space: Self.space, name: "shop", body: body,
                createdAt: clock.now), audit: nil)
        let echo = Echo()
        let executor = Executor(actions: ActionRegistry([echo]), secrets: AttemptSecrets(store: store, vault: vault))
        let outcome = await executor.run(attempt(["connection": .string("shop"), "url": .string("canary-5")]))
        let seen = try #require(echo.seen.withLock { $0 })
        #expect(seen.settings[.connection, "shop"]?["password"] == .string("canary-5"))
        #expect(outcome.output?.contains("canary") == false && outcome.output?.contains("url") == true, "\(outcome)")
        let inside = await executor.run(attempt(["attach": .object(["connection": .string("other")])]))
        #expect(inside.error == "action.attach.connection: there is no connection \"other\"")
        let missing = await executor.run(attempt(["connection": .string("other")]))
        #expect(missing.error == "action.connection: there is no connection \"other\"" && missing.verdict == .permanent)
    }

    @Test func withoutItsSecretsNothingIsSent() async throws {
        let echo = Echo()
        let executor = Executor(
            actions: ActionRegistry([echo]), secrets: AttemptSecrets(store: store, vault: vault))
        let missing = await executor.run(attempt(["url": .string("{{secrets.none}}")]))
        #expect(missing.verdict == .permanent && missing.reach == .nothingSent)
        #expect(missing.error == "action.url: there is no secret \"none\"")
        store.setDown(true)
        let down = await executor.run(attempt(["url": .string("{{secrets.none}}")]))
        #expect(down.verdict == .transient && down.reach == .nothingSent)
        store.setDown(false)
        let foreign = Vault(store: MemoryStore(clock: clock), ring: KeyRing(current: [UInt8](repeating: 9, count: 32)))
        let sealed = try await foreign.seal(.string("x"), field: "key", of: Self.job, in: Self.space)
        let damaged = await executor.run(attempt(["key": .string(sealed)]))
        #expect(damaged.verdict == .permanent && damaged.reach == .nothingSent)
        #expect(echo.seen.withLock { $0 } == nil)
    }
}
