import Foundation

/// A program that runs until it is told to end or this process is gone: a shell beside it waits for the end of a pipe
/// that only this process holds, kills it then and removes its directory.
///
/// `@unchecked Sendable`: `output` is touched only while `changed` is held; the rest is not changed after `init`.
final class Daemon: @unchecked Sendable {
    private static let guardian = """
        signal=$1
        shift
        "$@" 2>&1 &
        pid=$!
        echo $pid
        exec >/dev/null 2>&1
        read -r order
        kill -$signal $pid 2>/dev/null
        wait $pid
        [ "$order" = keep ] || rm -rf "$0"
        """

    let directory: URL
    let port: Int
    private let process = Process()
    private let orders = Pipe()
    private let changed = NSCondition()
    private var output = ""
    private var isOver = false

    /// `ending`: the signal at which it ends without waiting for its clients. `ready`: what it says when it can be used.
    init(_ command: [String], directory: URL, port: Int = 0, ending: String, ready: String) throws {
        self.directory = directory
        self.port = port
        let answers = Pipe()
        let call = ["/bin/sh", "-c", Self.guardian, directory.path, ending] + Tool.call(as: Tool.account, command)
        process.executableURL = URL(filePath: call[0])
        process.arguments = Array(call.dropFirst())
        process.standardInput = orders
        process.standardOutput = answers
        process.standardError = answers
        process.currentDirectoryURL = directory
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C"]
        // Another child that inherited this end would keep the guardian waiting after our death.
        _ = fcntl(orders.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.runWithSignals()
        let reader = answers.fileHandleForReading
        Thread { [self] in collect(reader) }.start()
        try wait(for: ready)
    }

    var log: String { changed.withLock { output } }

    func signal(_ number: Int32) {
        guard let line = log.split(separator: "\n").first, let pid = Int32(line) else { return }
        kill(pid, number)
    }

    /// Ends the program and waits until it is gone.
    func end(keepingFiles: Bool = false) {
        try? orders.fileHandleForWriting.write(contentsOf: Data((keepingFiles ? "keep\n" : "end\n").utf8))
        try? orders.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    private func collect(_ reader: FileHandle) {
        while true {
            let data = reader.availableData
            changed.withLock {
                output += String(decoding: data, as: UTF8.self)
                isOver = data.isEmpty
            }
            changed.broadcast()
            if data.isEmpty { return }
        }
    }

    /// Returns when the program has said so.
    private func wait(for text: String) throws {
        changed.lock()
        defer { changed.unlock() }
        while !output.contains(text) {
            if isOver { throw ToolFailure(text: "did not start: \(output)") }
            changed.wait()
        }
    }
}
