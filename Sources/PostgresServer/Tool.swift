import Foundation

struct ToolFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// Where the programs are and as whom they run.
enum Tool {
    private static let places = versions.map { "\(server)/\($0)/bin" } + ["/usr/bin", "/usr/sbin", "/usr/local/bin"]
    private static let server = "/usr/lib/postgresql"

    /// The newest first.
    private static var versions: [Int] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: server)
        return (names ?? []).compactMap { Int($0) }.sorted(by: >)
    }

    /// PostgreSQL and pgbouncer refuse to run as root.
    static let account: String? = getuid() == 0 ? "postgres" : nil

    static func path(_ name: String) -> String {
        places.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? name
    }

    static func call(as account: String?, _ command: [String]) -> [String] {
        guard let account else { return command }
        return [path("setpriv"), "--reuid=\(account)", "--regid=\(account)", "--init-groups"] + command
    }
}

enum Command {
    /// Runs a program to its end and gives its output.
    @discardableResult
    static func run(as account: String? = nil, _ command: String...) throws -> String {
        let call = Tool.call(as: account, command)
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: call[0])
        process.arguments = Array(call.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        process.currentDirectoryURL = URL(filePath: "/")
        try process.runWithSignals()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ToolFailure(text: "\(command.joined(separator: " ")): \(text)")
        }
        return text.trimmingCharacters(in: .newlines)
    }
}

/// Directories that the servers' account may write.
enum Scratch {
    static func directory(_ name: String) throws -> URL {
        let url = FileManager.default.temporaryDirectory.appending(
            path: "cronpp-\(name)-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try own(url, mode: 0o700)
        return url
    }

    static func write(_ text: String, to url: URL, mode: Int) throws {
        try Data(text.utf8).write(to: url)
        try own(url, mode: mode)
    }

    private static func own(_ url: URL, mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
        if let account = Tool.account { try Command.run("/bin/chown", "\(account):", url.path) }
    }
}

extension Process {
    /// Children inherit what the calling thread blocks, and Dispatch's threads block everything: a program so started
    /// would never hear SIGTERM, nor a shell that its child has ended.
    func runWithSignals() throws {
        var (none, old) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        try run()
    }
}
