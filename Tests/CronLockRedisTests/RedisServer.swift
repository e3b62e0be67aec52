import CronApp
import CronLockRedis
import CronModel
import CronSchedule
import Foundation
import Synchronization
import Testing

/// A real redis-server on a free port of the loopback interface, in a directory of its own, keeping nothing.
final class RedisServer: Sendable {
    static let path = "/usr/bin/redis-server"

    let port: Int
    private let options: [String]
    private let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-redis-\(UUID())")
    private let process = Mutex<(server: Process, leash: Pipe)?>(nil)

    /// Redis is left alone by tests that crash or are killed: a watcher ends it when the leash breaks.
    private static let command = "exec 3<&0; (read -r line <&3 || kill -9 $$) >/dev/null 2>&1 & exec \"$0\" \"$@\" 3<&-"

    private init(options: [String]) throws {
        self.options = options
        port = try #require(freePort())
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    static func run(_ options: String..., test: (RedisServer) async throws -> Void) async throws {
        let server = try RedisServer(options: options)
        defer { try? FileManager.default.removeItem(at: server.directory) }
        try await server.start()
        do { try await test(server) } catch {
            await server.kill()
            throw error
        }
        await server.kill()
    }

    /// Returns when the server says that it takes connections.
    func start() async throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments =
            [
                "-c", Self.command, Self.path, "--bind", "127.0.0.1", "--port", "\(port)", "--save", "", "--appendonly",
                "no", "--dir", directory.path,
            ]
            + options
        let (output, leash) = (Pipe(), Pipe())
        process.standardInput = leash
        process.standardOutput = output
        process.standardError = output
        let (texts, continuation) = AsyncStream<String>.makeStream()
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty { continuation.finish() } else { continuation.yield(String(decoding: data, as: UTF8.self)) }
        }
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        self.process.withLock { $0 = (process, leash) }
        var log = ""
        for await text in texts {
            log += text
            if log.contains("Ready to accept connections") { break }
        }
        // Goes on reading: a full pipe would stop the server.
        output.fileHandleForReading.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
        try #require(log.contains("Ready to accept connections"), "\(log)")
    }

    /// kill -9; returns when the process is gone.
    func kill() async {
        guard let (process, leash) = process.withLock({ $0.take() }) else { return }
        // Lets the watcher go.
        try? leash.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        await withCheckedContinuation { continuation in
            process.terminationHandler = { _ in continuation.resume() }
            signal(SIGKILL, process)
        }
    }

    func freeze() { process.withLock { $0.map { signal(SIGSTOP, $0.server) } } }
    func thaw() { process.withLock { $0.map { signal(SIGCONT, $0.server) } } }

    private func signal(_ number: Int32, _ process: Process) { _ = Foundation.kill(process.processIdentifier, number) }

    var address: RedisAddress { get throws { try RedisAddress("redis://127.0.0.1:\(port)") } }
}

/// A port that nobody listens on.
func freePort() -> Int? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
        }
    }
    return isBound ? Int(name.sin_port.bigEndian) : nil
}
