import CronEngine
import CronHTTP
import CronModel
import CronSchedule
import CronStoreSQLite
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Synchronization
import Testing

/// The whole API over a real embedded store, without a socket and without an engine: time moves by hand.
struct APIHarness {
    let client: any TestClientProtocol
    let store: SQLiteStore
    let clock: HandClock
    let tokens: Tokens

    static let password = "correct horse battery"
    static let start = Instant(seconds: 1_764_000_000)

    static func with(
        registration: Registration = .open, setupCode: String? = nil,
        _ body: @escaping @Sendable (APIHarness) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-http-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let clock = HandClock(start)
        let store = try SQLiteStore.open(path: directory.appending(path: "test.sqlite").path, clock: clock)
        let actions = ActionRegistry([StubAction()])
        let tokens = await Tokens(secret: [UInt8](repeating: 7, count: 32), clock: clock)
        let server = HTTPServer(
            HTTPServer.Parts(
                node: NodeID(high: 1, low: 1), store: store,
                jobs: JobControl(store: store, actions: actions, signal: NoSignal()),
                runs: RunControl(store: store, signal: NoSignal()), tokens: tokens,
                auth: AuthSettings(registration: registration, setupCode: setupCode), metrics: { "cronpp_up 1\n" },
                unreadiness: { nil }))
        try await Application(router: server.router).test(.router) { client in
            try await body(APIHarness(client: client, store: store, clock: clock, tokens: tokens))
        }
        await store.close()
    }

    /// Makes an account without the cost of its password's hash; answers its access token.
    func signedIn(_ email: String = "a@example.com") async throws -> String {
        var random = RandomSource()
        let user = User(
            id: UserID(at: clock.now, using: &random), email: email, name: nil, passwordHash: "", createdAt: clock.now)
        try await store.createUser(user, onlyFirst: false)
        return try await tokens.access(for: user.id)
    }

    func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, token: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try await send(
            method, path, try body.map { String(decoding: try encoder.encode($0), as: UTF8.self) }, token, headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ text: String?, _ token: String?,
        _ headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields = HTTPFields()
        if text != nil { fields[.contentType] = "application/json" }
        if let token { fields[.authorization] = "Bearer \(token)" }
        for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
        let prefix =
            path.hasPrefix("/livez") || path.hasPrefix("/readyz") || path.hasPrefix("/metrics") ? "" : "/api/v1"
        return try await client.execute(
            uri: prefix + path, method: method, headers: fields, body: text.map { ByteBuffer(string: $0) }
        ) { response in
            let text = String(buffer: response.body)
            let json = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            return Answer(status: response.status.code, json: json ?? .null, text: text, headers: response.headers)
        }
    }

    static func job(_ changes: [String: JSONValue] = [:]) -> JSONValue {
        JSONValue.object([
            "name": .string("nightly"), "schedule": .string("0 3 * * *"),
            "action": .object(["type": .string("stub"), "secret": .string("hunter2")]),
        ]).merging(patch: .object(changes))
    }
}

struct Answer {
    let status: Int
    let json: JSONValue
    let text: String
    let headers: HTTPFields

    var id: String { json["id"]?.stringValue ?? "" }
    var items: [JSONValue] { json["items"]?.arrayValue ?? [] }
    var fields: [String] { (json["errors"]?.arrayValue ?? []).compactMap { $0["field"]?.stringValue } }
}

final class HandClock: EngineClock {
    private let instant: Mutex<Instant>

    init(_ instant: Instant) { self.instant = Mutex(instant) }

    var now: Instant { instant.withLock { $0 } }
    var uptime: Span { now - APIHarness.start }
    func wait(until instant: Instant) async { advance(by: max(.zero, instant - now)) }
    func advance(by span: Span) { instant.withLock { $0 = $0 + span } }
}

struct StubAction: ActionRunner {
    let type = "stub"
    let secretFields: Set<String> = ["secret"]

    func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        definition.fields["bad"] == nil ? [] : [FieldProblem(field: "action.bad", message: "is bad")]
    }

    func run(_ attempt: AttemptContext) async -> Outcome { .success }
}

struct NoSignal: EngineSignal {
    func wake() {}
    func cancel(_ runs: [RunID]) {}
}
