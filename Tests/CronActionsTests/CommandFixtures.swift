package import CronModel
import CronSchedule
import Foundation
import NIOPosix
import Testing

@testable import CronActions

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a node might have; of its own variables only a few are to reach a program.
let nodeVariables = [
    "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_TIME": "C", "TZ": "Europe/Berlin",
    "HOME": "/var/empty",
    "USER": "node", "LOGNAME": "node", "CRONPP_JWT_SECRET": "s3cret", "CRONPP_RUN_ID": "forged",
    "AWS_SECRET_KEY": "s3cret",
    "LD_PRELOAD": "",
]

let commands = CommandAction(environment: nodeVariables) { await $0.end(grace: .milliseconds(400)) }

func command(
    _ fields: [String: JSONValue], payload: JSONValue = .object(["hello": .string("world")]),
    timeout: Span = .seconds(30), secrets: [String: String] = [:]
) -> AttemptContext {
    var context = attempt("", payload: payload, timeout: timeout)
    context.action = ActionDefinition(type: "command", fields: fields)
    context.secrets = secrets
    return context
}

func run(
    _ fields: [String: JSONValue], payload: JSONValue = .object(["hello": .string("world")]),
    timeout: Span = .seconds(30), secrets: [String: String] = [:]
) async -> Outcome {
    await commands.run(command(fields, payload: payload, timeout: timeout, secrets: secrets))
}

/// A shell's text, with the path of a witness as `$WITNESS`.
func shell(
    _ text: String, _ witness: Witness? = nil, timeout: Span = .seconds(30)
) -> AttemptContext {
    var fields: [String: JSONValue] = ["shell": .string(text)]
    if let witness { fields["environment"] = .object(["WITNESS": .string(witness.path)]) }
    return command(fields, timeout: timeout)
}

/// A named pipe that a program opens and all that it starts inherits: it hears from them, and knows when nobody is left,
/// whatever group or session they have gone to. The kernel closes a dying process's files before its parent hears of it.
final class Witness: Sendable {
    /// Longer than any test of these takes.
    private static let patienceMilliseconds: Int32 = 60_000

    let path: String
    private let file: Int32

    init() throws {
        path = NSTemporaryDirectory() + "witness-\(UUID())"
        try #require(mkfifo(path, 0o600) == 0)
        file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(file >= 0)
    }

    deinit {
        close(file)
        unlink(path)
        unlink(path + ".begun")
    }

    /// Whether nobody holds it open. What they wrote before must have been read.
    var isAlone: Bool {
        var byte: UInt8 = 0
        return read(file, &byte, 1) == 0
    }

    /// What they say next; empty when the last of them has gone.
    func next() async throws -> String {
        let file = file
        return try await NIOThreadPool.singleton.runIfActive {
            var waited = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            try #require(poll(&waited, 1, Self.patienceMilliseconds) == 1, "nobody spoke")
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = read(file, &bytes, bytes.count)
            try #require(count >= 0)
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }
}

extension Outcome {
    /// Its output's lines.
    var lines: [String] { (output ?? "").split(separator: "\n").map(String.init) }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByNilLiteral
{
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral items: JSONValue...) { self = .array(items) }
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(Dictionary(members) { _, last in last })
    }
}
