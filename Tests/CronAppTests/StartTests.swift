import CronModel
import CronSchedule
import Foundation
import Logging
import PostgresServer
import Synchronization
import Testing
import UnixSignals

@testable import CronApp

/// What a node does whose database is not there when it starts.
@Suite(.timeLimit(.minutes(2))) struct StartTests {
    @Test func aNodeWaitsForItsDatabase() async throws {
        let server = PostgresServer(settings: ["fsync": "on"])
        let url = try await apart {
            let url = try server.freshDatabase()
            try server.kill()
            return url
        }
        let config = try config(url.replacing("postgres@", with: "postgres:S3CRET@"))
        defer { remove(config) }
        let log = WarningLog()
        let start = Task { try await App.start(config, logger: log.logger) }
        let first = try #require(await log.next())
        #expect(first.contains("cannot connect to PostgreSQL"))
        #expect(!first.contains("S3CRET"))
        try await apart { try server.restart() }
        let node = try await start.value
        try await node.store.check()
        #expect(try await node.store.nodes().map(\.id) == [node.node()])
        await node.close()
        server.stop()
    }

    @Test func whatWaitingCannotMendIsToldAtOnce() async throws {
        let log = WarningLog()
        let url = try await apart { try PostgresServer.shared.freshDatabase() }
        let unknown = try config(url + "x")
        defer { remove(unknown) }
        let missing = try await failure { _ = try await App.start(unknown, logger: log.logger) }
        #expect(missing.description.contains("does not exist"))
        // These servers do not sync.
        let config = try config(url)
        defer { remove(config) }
        let careless = try await failure { _ = try await App.start(config, logger: log.logger) }
        #expect(careless.description.contains("fsync=off"))
        #expect(log.count == 0)
    }

    @Test func pausesGrowAndAreShortenedAtRandom() async throws {
        let clock = PauseClock()
        let wait = StoreWait(isShared: true, clock: clock, logger: WarningLog().logger)
        let answer: Int = try await wait { () throws(StoreError) in
            if clock.pauses.count < 6 { throw clock.pauses.count == 3 ? .outcomeUnknown("") : .unavailable("away") }
            return 7
        }
        #expect(answer == 7)
        for (pause, seconds) in zip(clock.pauses, [1, 2, 4, 8, 10, 10] as [Int64]) {
            #expect((Span.milliseconds(seconds * 500)...Span.seconds(seconds)).contains(pause))
        }
    }

    @Test(arguments: [
        (false, StoreError.unavailable("disk full")), (true, .misconfigured("no")), (true, .conflict("no")),
    ])
    func otherFailuresAreNotWaitedFor(_ isShared: Bool, _ failure: StoreError) async throws {
        let clock = PauseClock()
        let wait = StoreWait(isShared: isShared, clock: clock, logger: WarningLog().logger)
        await #expect(throws: failure) { try await wait { () throws(StoreError) in throw failure } }
        #expect(clock.pauses.isEmpty)
    }

    /// By a signal that no other test's server ends at. Also while something waits that nothing can end.
    @Test func aSignalEndsTheStartAtOnce() async throws {
        let stuck = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let answer: Int? = try await Stoppable.run(until: [.sigusr1]) {
            await withCheckedContinuation { continuation in
                stuck.withLock { $0 = continuation }
                kill(getpid(), SIGUSR1)
            }
            return 1
        }
        #expect(answer == nil)
        stuck.withLock { $0 }?.resume()
        #expect(try await Stoppable.run(until: [.sigusr1]) { 2 } == 2)
    }

    /// libpq would let them choose a user's server, or the settings of a session there. In a process of its own: variables
    /// are everybody's.
    @Test func aNodeForgetsWhatUsersConnectionsMustNotHave() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-start-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        await #expect(processExitsWith: .success) { [directory = directory as String] in
            let names = ["PGSERVICE", "PGSERVICEFILE", "PGOPTIONS"]
            for name in names { setenv(name, "nowhere", 1) }
            let config = try AppConfig(flags: [.dataDir: directory], environment: [:], file: nil)
            let node = try await App.start(config, logger: WarningLog().logger)
            await node.close()
            for name in names { try #require(getenv(name) == nil) }
        }
    }

    /// Starting servers blocks; on the threads that all tests share, it would keep every other test waiting.
    private func apart<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
        }
    }

    private func config(_ url: String) throws -> AppConfig {
        let secret = Data(repeating: 7, count: 32).base64EncodedString()
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-start-\(UUID().uuidString)").path
        return try AppConfig(
            flags: [.databaseURL: url, .jwtSecret: secret, .encryptionKey: secret, .dataDir: directory],
            environment: [:], file: nil)
    }

    private func remove(_ config: AppConfig) { try? FileManager.default.removeItem(atPath: config.dataDirectory) }

    private func failure(_ call: () async throws -> Void) async throws -> ConfigError {
        do { try await call() } catch { return try #require(error as? ConfigError) }
        throw ConfigError("it did not fail")
    }
}

/// Waits for nothing, and tells for how long it was asked to.
private final class PauseClock: EngineClock {
    private let asked = Mutex<[Span]>([])

    var now: Instant { Instant(seconds: 1_800_000_000) }
    var uptime: Span { .zero }
    var pauses: [Span] { asked.withLock { $0 } }
    func wait(until instant: Instant) async { asked.withLock { $0.append(instant - now) } }
}

/// Warnings, each as its text and metadata.
private final class WarningLog: Sendable {
    private let (lines, sink) = AsyncStream.makeStream(of: String.self)
    private let counted = Atomic(0)

    var count: Int { counted.load(ordering: .relaxed) }

    func next() async -> String? {
        for await line in lines { return line }
        return nil
    }

    var logger: Logger {
        Logger(label: "start") { _ in
            Handler { [self] line in
                counted.add(1, ordering: .relaxed)
                sink.yield(line)
            }
        }
    }

    private struct Handler: LogHandler {
        let take: @Sendable (String) -> Void
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        init(take: @escaping @Sendable (String) -> Void) { self.take = take }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(
            level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String,
            function: String, line: UInt
        ) {
            take("\(message) \(metadata ?? [:])")
        }
    }
}
