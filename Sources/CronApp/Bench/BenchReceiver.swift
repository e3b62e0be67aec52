package import Foundation
import Hummingbird
import Logging

/// A receiver in a process of its own, so that its cost is not the scheduler's.
package enum BenchReceiver {
    /// Prints its port, and answers every POST with 200 until its standard input ends.
    package static func run() async throws {
        let router = Router()
        router.post("/") { _, _ in HTTPResponse.Status.ok }
        var logger = Logger(label: "receiver") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        let server = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                FileHandle.standardOutput.write(Data("\(channel.localAddress?.port ?? 0)\n".utf8))
            }, logger: logger)
        try await server.run()
    }

    /// Starts this program again as a receiver.
    package static func start() throws -> (process: Process, url: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["bench", "--receiver"]
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw ConfigError("the receiver did not start")
        }
        return (process, "http://127.0.0.1:\(port)/")
    }
}
