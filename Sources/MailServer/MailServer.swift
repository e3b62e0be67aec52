package import Foundation

/// Servers of `Tests/Harness/smtp_server.py`, with an authority of their own made for this process. They end with it.
package final class MailServer: Sendable {
    package static let shared = Result { try MailServer() }
    package static let user = "cron"
    package static let password = "p@ss word/:%"
    /// What the certificate is for; no resolver knows it.
    package static let name = "mail.test"

    /// Path of a file in PEM.
    package let authorities: String
    private let ports: [String: Int]
    private let lines: Lines
    /// Its end is the servers'.
    private let input: FileHandle

    private init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "cronpp-mail-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Self.makeCertificates(in: directory.path)
        authorities = directory.appending(path: "ca.pem").path
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Tests/Harness/smtp_server.py")
        let (input, output) = (Pipe(), Pipe())
        let process = Process()
        // Debian's Python, for which Debian's aiosmtpd is.
        process.executableURL = URL(filePath: "/usr/bin/python3")
        let files = ["server.pem", "server.key"].map { directory.appending(path: $0).path }
        process.arguments = [script.path] + files + [directory.path]
        process.standardInput = input
        process.standardOutput = output
        process.environment = ["PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"]
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.run()
        self.input = input.fileHandleForWriting
        lines = Lines(output.fileHandleForReading)
        ports = try JSONDecoder().decode([String: Int].self, from: lines.first { _ in true })
    }

    private static func makeCertificates(in directory: String) throws {
        let script = """
            set -e
            key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key; }
            key ca; key server
            openssl req -x509 -new -key ca.key -subj '/CN=mail tests' -days 2 -out ca.pem
            printf 'subjectAltName=DNS:\(name)' > names
            openssl req -new -key server.key -subj '/CN=server' -out server.csr
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem
            """
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = URL(filePath: directory)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    package func port(_ server: String) throws -> Int {
        guard let port = ports[server] else { throw CocoaError(.keyValueValidation) }
        return port
    }

    /// What any of the servers has taken over under a Message-ID. Waits for it.
    package func mail(_ id: String) throws -> ReceivedMail {
        let line = lines.first { $0.contains("<\(id)@") }
        return try JSONDecoder().decode(ReceivedMail.self, from: line)
    }

    /// What they have taken over for addresses of a domain so far. They tell before they answer, so that what a client
    /// has been told of is among them once `mail` has found the last.
    package func mails(to domain: String) throws -> [ReceivedMail] {
        try lines.all { $0.contains("@\(domain)\"") && $0.contains("\"recipients\"") }
            .map { try JSONDecoder().decode(ReceivedMail.self, from: $0) }
    }
}

/// A mail as Python's reader understands it.
package struct ReceivedMail: Decodable {
    package struct Part: Decodable {
        package let type: String
        package let file: String?
        package let content: Data

        package var text: String { String(decoding: content, as: UTF8.self) }
    }

    package let raw: Data
    package let sender: String
    package let recipients: [String]
    package let greeted: String
    package let user: String?
    package let tls: Bool
    package let headers: [String: String]
    package let type: String
    package let parts: [Part]
    package let defects: [String]
}

/// Lines that a process writes; each can be waited for, in any order.
///
/// `@unchecked Sendable`: `known` and `isOver` are touched only while `changed` is held.
private final class Lines: @unchecked Sendable {
    private let changed = NSCondition()
    private var known: [String] = []
    private var isOver = false

    init(_ reader: FileHandle) {
        Thread { [self] in
            var rest = Data()
            while true {
                let piece = reader.availableData
                rest += piece
                changed.withLock {
                    while let end = rest.firstIndex(of: 0x0A) {
                        known.append(String(decoding: rest[..<end], as: UTF8.self))
                        rest = Data(rest[(end + 1)...])
                    }
                    isOver = piece.isEmpty
                }
                changed.broadcast()
                if piece.isEmpty { return }
            }
        }.start()
    }

    func all(_ isWanted: (String) -> Bool) -> [Data] {
        changed.withLock { known.filter(isWanted).map { Data($0.utf8) } }
    }

    /// The first that is wanted; empty when the process has ended without it.
    func first(_ isWanted: (String) -> Bool) -> Data {
        changed.lock()
        defer { changed.unlock() }
        while true {
            if let line = known.first(where: isWanted) { return Data(line.utf8) }
            if isOver { return Data() }
            changed.wait()
        }
    }
}
