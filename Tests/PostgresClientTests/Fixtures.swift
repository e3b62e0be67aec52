import Dispatch
import PostgresClient
import PostgresServer
import Testing

/// Straight to the server, or through pgbouncer in transaction-pooling mode.
enum Mode: CaseIterable, Sendable, CustomTestStringConvertible {
    case session
    case transaction

    var testDescription: String { self == .session ? "session" : "transaction pooling" }

    /// For tests that create nothing: a new database costs about 70 ms.
    private static let empty = Result { try PostgresServer.shared.freshDatabase() }

    /// A way to a database of its own.
    func config(_ change: (inout PostgresConfig) -> Void = { _ in }) throws -> PostgresConfig {
        try config(url: PostgresServer.shared.freshDatabase(), change)
    }

    func config(url: String, _ change: (inout PostgresConfig) -> Void = { _ in }) throws -> PostgresConfig {
        let server = PostgresServer.shared
        var config =
            switch self {
            case .session: try PostgresConfig(url: url, pooling: .session)
            case .transaction: try PostgresConfig(url: server.bouncerURL(url), pooling: .transaction)
            }
        change(&config)
        return config
    }

    /// A connection to a database that all share.
    func connect(_ change: (inout PostgresConfig) -> Void = { _ in }) async throws -> PostgresConnection {
        try await PostgresConnection.connect(config(url: Self.empty.get(), change))
    }
}

extension PostgresPool {
    convenience init(_ config: PostgresConfig, size: Int = 4, waitLimit: Int = 20_000, reserved: Int = 0) {
        self.init(config: config, size: size, waitLimit: waitLimit, reserved: reserved)
    }
}

/// The error of a call, as the client's.
func failure(_ call: () async throws -> Void) async throws -> PostgresError {
    do { try await call() } catch { return try #require(error as? PostgresError) }
    throw Unexpected.success
}

/// For use inside of a transaction's body.
func refusal(_ call: () throws -> Void) throws -> PostgresError {
    do { try call() } catch { return try #require(error as? PostgresError) }
    throw Unexpected.success
}

enum Unexpected: Error { case success }

/// Holds bodies of transactions open: a body enters and stays until the test opens the gate.
final class Gate: Sendable {
    private let entered = AsyncStream.makeStream(of: Void.self)
    private let opened = DispatchSemaphore(value: 0)

    func enter() {
        entered.continuation.yield()
        opened.wait()
    }

    /// Waits until this many have come; no longer than the test may last.
    func waitForEntries(_ count: Int) async {
        var left = count
        for await _ in entered.stream {
            left -= 1
            if left == 0 { return }
        }
    }

    func open(for count: Int) { for _ in 0..<count { opened.signal() } }
}
