import CronEngine
package import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Synchronization
import Testing

@testable import CronHTTP

/// A server on a store in memory, with a clock that stands still until a test moves it.
struct TestBed: Sendable {
    static let start = "2026-11-02T08:30:00.000000Z"
    static let setupCode = "let-me-in-0123456789"
    static let silence = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    static let node = NodeID(high: 7, low: 7)
    static let secret = [UInt8](repeating: 42, count: 32)

    let store: any Store
    let clock: TestClock
    let signal: RecordingSignal
    let events: LocalEvents
    /// Moved by `signal` before each event, so that none has to wait for the one before.
    let eventClock: TestClock
    let outputs: LiveOutputs
    let vault: Vault
    let server: HTTPServer
    /// What every answer is held to.
    let document: DocumentCheck

    init(
        registration: Registration = .open, setupCode: String? = nil,
        cost: ScryptCost = ScryptCost(logRounds: 4, blockSize: 1, parallelism: 1),
        readiness: Readiness = Readiness(isReady: true), trustedProxies: [String] = [], rateLimit: Int? = nil,
        jobQuota: Int? = nil, runQuota: Int? = nil, mail: MailDrop? = nil,
        actions: [any ActionRunner] = [TestAction()], off: [String: String] = [:],
        connections: any SettingKind = TestConnections()
    ) async throws {
        clock = TestClock(try Instant(rfc3339: Self.start))
        store = MemoryStore(clock: clock, seed: 1)
        vault = Vault(store: store, ring: KeyRing(current: Self.secret))
        eventClock = TestClock()
        events = LocalEvents(node: "here", clock: eventClock)
        outputs = LiveOutputs(wakeups: LocalWakeups(), clock: QuickClock())
        signal = RecordingSignal(events: events, clock: eventClock)
        var settings = HTTPSettings(registration: registration, setupCode: setupCode, jwtSecret: Self.secret)
        settings.passwordCost = cost
        settings.rateLimit = rateLimit
        settings.jobQuota = jobQuota
        settings.runQuota = runQuota
        settings.logger = Self.silence
        settings.connections = connections
        settings.channels = TestChannels()
        settings.mail = try mail.map {
            MailSettings(
                sender: $0, from: try Mailbox(address: "cron@example.org"), publicURL: "https://cron.example.org")
        }
        settings.trustedProxies = TrustedProxies(ranges: trustedProxies.compactMap { try? NetworkRange($0) })
        server = try await HTTPServer(
            store: store, actions: ActionRegistry(actions, off: off), signal: signal,
            events: events, outputs: outputs, vault: vault, settings: settings,
            node: { Self.node }, metrics: { "cronpp_up 1\n" }, readiness: { readiness })
        document = DocumentCheck(server)
    }

    /// Another node on the same store.
    func another() async throws -> TestBed { try await TestBed(sharing: self) }

    private init(sharing bed: TestBed) async throws {
        (store, clock, signal, events, eventClock) = (bed.store, bed.clock, bed.signal, bed.events, bed.eventClock)
        outputs = bed.outputs
        vault = Vault(store: store, ring: KeyRing(current: Self.secret))
        server = try await HTTPServer(
            store: store, actions: ActionRegistry([TestAction()]), signal: signal, events: events, outputs: outputs,
            vault: vault, settings: HTTPSettings(registration: .closed, jwtSecret: Self.secret), node: { Self.node },
            metrics: { "" }, readiness: { Readiness(isReady: true) })
        document = DocumentCheck(server)
    }

    /// - Parameter setup: `.live` puts a socket between client and server.
    func run(_ setup: TestingSetup = .router, _ test: @Sendable (TestClient) async throws -> Void) async throws {
        try await Application(router: server.router(), logger: Self.silence).test(setup) { client in
            try await test(TestClient(client: client, bed: self))
        }
    }
}

/// What a client of the API can do, with as little noise as possible.
struct TestClient: Sendable {
    let client: any TestClientProtocol
    let bed: TestBed
    var token: String?
    var onReply: (@Sendable (HTTPRequest.Method, _ path: String, Reply) -> Void)?

    func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, headers: HTTPFields = [:]
    ) async throws -> Reply {
        try await send(method, path, body.map(JSONWriter.bytes), headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]?, headers: HTTPFields = [:]
    ) async throws -> Reply {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        let isUnversioned = path.hasPrefix("/api/") || Self.unversioned.contains(path)
        let uri = isUnversioned ? path : "/api/v1\(path)"
        let reply = try await client.execute(
            uri: uri, method: method, headers: headers, body: body.map { ByteBuffer(bytes: $0) }
        ) { response in
            let bytes = Array(response.body.readableBytesView)
            return Reply(
                status: Int(response.status.code), headers: response.headers,
                text: String(decoding: bytes, as: UTF8.self),
                json: (try? JSONReader.read(bytes)) ?? .null)
        }
        bed.document.expect(reply, to: method, uri)
        onReply?(method, String(uri.prefix { $0 != "?" }), reply)
        return reply
    }

    private static let unversioned = ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/password-reset"]

    /// Another client, signed in as a new user of that name.
    func user(_ name: String) async throws -> TestClient {
        let registered = try await call(.post, "/auth/register", Self.credentials(name))
        try #require(registered.status == 201, "\(registered.text)")
        return try await signedIn(name)
    }

    /// A client with a fresh token, for tests that let much time pass.
    func signedIn(_ name: String) async throws -> TestClient {
        let session = try await call(.post, "/auth/login", Self.credentials(name))
        var client = self
        client.token = try #require(session.json["access_token"]?.stringValue)
        return client
    }

    static func credentials(_ name: String) -> JSONValue {
        ["email": .string("\(name)@example.org"), "password": "correct horse battery"]
    }

    func choosePassword(_ token: JSONValue, _ password: JSONValue) async throws -> Reply {
        try await call(.post, "/auth/password-reset/confirm", ["token": token, "new_password": password])
    }

    /// A job's id, after creating it.
    func job(_ changes: JSONValue = [:]) async throws -> String {
        let reply = try await call(.post, "/jobs", Jobs.valid.merging(patch: changes))
        try #require(reply.status == 201, "\(reply.text)")
        return try #require(reply.json["id"]?.stringValue)
    }
}

struct Reply: Sendable, CustomStringConvertible {
    let status: Int
    let headers: HTTPFields
    let text: String
    let json: JSONValue

    var description: String { "\(status) \(text.prefix(600))" }
    var items: [JSONValue] { json["items"]?.arrayValue ?? [] }
    var errors: [JSONValue] { json["errors"]?.arrayValue ?? [] }
    var problem: String? { json["type"]?.stringValue.map { String($0.dropFirst("/problems/".count)) } }

    /// The message for a field, if it was named.
    func message(_ field: String) -> String? {
        errors.first { $0["field"] == .string(field) }?["message"]?.stringValue
    }
}

enum Jobs {
    static let valid: JSONValue = [
        "name": "nightly", "schedule": "0 3 * * *", "action": ["type": "test", "url": "https://example.org/"],
    ]
}

/// An action with a secret that does nothing.
struct TestAction: ActionRunner {
    let type = "test"
    let secretFields: Set<String> = ["token"]
    let references: [String: Resource.Kind] = ["connection": .connection, "channels": .channel]
    let hasDryRun = true

    func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        var reader = FieldReader(definition.fields, prefix: "action.")
        if reader.string("url") == nil, reader.problems.isEmpty { reader.refuse("url", "is required") }
        _ = reader.string("token")
        _ = reader.string("connection")
        _ = reader.value("channels")
        reader.refuseUnknown()
        return reader.problems
    }

    /// A dry run tells what it was given.
    func run(_ attempt: AttemptContext) async -> Outcome {
        var outcome = Outcome.success
        if attempt.isDryRun {
            outcome.output = "\(JSONWriter.text(attempt.payload)) \(attempt.settings[.connection, "shop"] ?? [:])"
        }
        return outcome
    }
}

struct TestConnections: SettingKind {
    let kind = Resource.Kind.connection
    let secretFields: Set<String> = ["password"]
    let schema = Schema.object([
        .required("host", .string(1...253)), .field("password", .string(0...100)),
    ])

    func validate(_ fields: [String: JSONValue]) -> [FieldProblem] {
        var reader = FieldReader(fields)
        if reader.string("host") == nil, reader.problems.isEmpty { reader.refuse("host", "is required") }
        _ = reader.string("password")
        reader.refuseUnknown()
        return reader.problems
    }

    let example: JSONValue = ["host": "db.example", "password": "s3cr3t"]

    func tryOut(
        _ fields: [String: JSONValue], of space: UserID, hiding: @escaping @Sendable (String) -> String
    ) async -> SettingTest {
        SettingTest(
            isUsable: fields["host"] == "db.example", message: "asked with \(fields.keys.sorted())",
            facts: ["length": .integer(Int64(fields["password"]?.stringValue?.utf8.count ?? 0))])
    }
}

final class RecordingSignal: EngineSignal {
    private let state = Mutex<(wakes: Int, cancelled: [RunID])>((0, []))
    private let events: LocalEvents
    private let clock: TestClock

    init(events: LocalEvents, clock: TestClock) {
        self.events = events
        self.clock = clock
    }

    var wakes: Int { state.withLock { $0.wakes } }
    var cancelled: [RunID] { state.withLock { $0.cancelled } }

    func wake() { state.withLock { $0.wakes += 1 } }
    func cancel(_ runs: [RunID]) { state.withLock { $0.cancelled += runs } }

    func tell(_ events: [LiveEvent]) {
        clock.advance(by: HintPacer.pause)
        self.events.publish(EventBatch(events))
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByFloatLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral items: JSONValue...) { self = .array(items) }
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(Dictionary(members) { _, last in last })
    }
}
