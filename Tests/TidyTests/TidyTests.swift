import Foundation
import Testing

/// House rules that a reader would otherwise have to check by eye.
@Suite struct TidyTests {
    @Test func importsOnlyPointDown() throws {
        let allowed: [String: Set<String>] = [
            "CronSchedule": [],
            "CronModel": ["CronSchedule"],
            "CronEngine": ["CronModel", "CronSchedule"],
            "CronActions": ["PostgresClient", "CronModel", "CronSchedule"],
            "CronStoreSQLite": ["CronModel", "CronSchedule"],
            "CronStorePostgres": ["PostgresClient", "CronModel", "CronSchedule"],
            "CHiredis": [],
            "CronLockRedis": ["CronModel", "CronSchedule", "CHiredis"],
            "CLibCurl": [],
            "Mail": ["CronModel", "CronSchedule", "CLibCurl"],
            "WebFiles": [],
            "embed-files": [],
            "CronHTTP": ["CronEngine", "CronModel", "CronSchedule", "WebFiles"],
            "CronApp": [
                "CronHTTP", "CronEngine", "CronActions", "CronStoreSQLite", "CronStorePostgres", "PostgresClient",
                "CronLockRedis", "Mail", "CronModel", "CronSchedule",
            ],
            "cronpp": ["CronApp", "CronModel", "CronSchedule"],
            "CronTesting": ["CronModel", "CronSchedule"],
            "PostgresClient": [],
            "PostgresServer": [],
            "MailServer": [],
        ]
        let own = Set(allowed.keys)
        for file in try SourceFile.all(under: "Sources") {
            let permitted = try #require(allowed[file.target], "no rule for target \(file.target)")
            for name in file.imports where own.contains(name) && name != file.target {
                #expect(permitted.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test func systemTimeIsReadInOneFile() throws {
        let readers = [
            "Date()", "Date.now", "clock_gettime", "gettimeofday", "ContinuousClock", "SuspendingClock",
            "DispatchTime.now",
            "NIODeadline.now", "CFAbsoluteTime", "mach_absolute_time", "DispatchWallTime.now", "time(nil)",
        ]
        let files = try SourceFile.all(under: "Sources").filter { file in
            readers.contains { file.calls($0) }
        }
        #expect(files.map(\.path) == ["Sources/CronApp/SystemClock.swift"])
    }

    @Test func everyTestFunctionIsATest() throws {
        for file in try SourceFile.all(under: "Tests") {
            for (number, line) in file.lines.enumerated() where line.contains("func test") {
                let before = file.lines[max(0, number - 3)...number].joined(separator: "\n")
                #expect(before.contains("@Test"), "\(file.path):\(number + 1) would never run")
            }
        }
    }

    @Test func librariesDoNotPrint() throws {
        for file in try SourceFile.all(under: "Sources") where file.target != "cronpp" {
            #expect(!file.calls("print("), "\(file.path) prints")
            #expect(!file.calls("debugPrint("), "\(file.path) prints")
        }
    }

    @Test func testsDoNotSleep() throws {
        for file in try SourceFile.all(under: "Tests") + SourceFile.all(under: "Sources/CronTesting") {
            for call in ["Task" + ".sleep", "Thread" + ".sleep", "usleep" + "("] {
                #expect(!file.code.contains(call), "\(file.path) sleeps")
            }
        }
    }

    @Test func uncheckedSendableHasAReason() throws {
        for file in try SourceFile.all(under: "Sources") {
            for (number, line) in file.lines.enumerated() where line.contains("@unchecked Sendable") {
                let before = file.lines[max(0, number - 4)...number].joined(separator: "\n")
                #expect(before.contains("//"), "\(file.path):\(number + 1) gives no reason")
            }
        }
    }

    @Test func nothingIsForcedOrUnfinished() throws {
        let marks = ["try" + "!", "as" + "! ", "fatal" + "Error(", "TO" + "DO", "FIX" + "ME"]
        for file in try SourceFile.all(under: "Sources") {
            for mark in marks { #expect(!file.text.contains(mark), "\(file.path) holds \(mark)") }
        }
    }

    @Test func filesAreSmall() throws {
        for file in try SourceFile.all(under: "Sources") + SourceFile.all(under: "Tests") {
            #expect(
                file.lines.count <= 500, "\(file.path) has \(file.lines.count) lines: is there a second idea in it?")
        }
    }
}

/// A Swift file of this checkout.
struct SourceFile {
    let path: String
    let text: String
    /// The text without comments and string contents being looked at: good enough for these rules.
    let code: String
    let lines: [String]

    var target: String { String(path.split(separator: "/")[1]) }

    var imports: [String] {
        lines.compactMap { line in
            guard
                let range = line.range(
                    of:
                        #"^\s*(?:(?:package|public|internal|private|@testable|@preconcurrency)\s+)*import\s+(?:(?:struct|enum|class|func|protocol)\s+)?(\w+)"#,
                    options: .regularExpression)
            else { return nil }
            return line[range].split(separator: " ").last.map(String.init)
        }
    }

    /// Whether the call appears as a word of its own.
    func calls(_ call: String) -> Bool {
        lines.contains { line in
            guard let range = line.range(of: call) else { return false }
            if line.trimmingCharacters(in: .whitespaces).hasPrefix("//") { return false }
            guard range.lowerBound > line.startIndex else { return true }
            let before = line[line.index(before: range.lowerBound)]
            return !before.isLetter && before != "." && before != "_" && before != "`"
        }
    }

    static func all(under folder: String) throws -> [SourceFile] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let base = root.appending(path: folder)
        let paths = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        let files = try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            let text = try String(contentsOf: base.appending(path: path), encoding: .utf8)
            let lines = text.components(separatedBy: "\n")
            let code = lines.filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }.joined(separator: "\n")
            return SourceFile(path: "\(folder)/\(path)", text: text, code: code, lines: lines)
        }
        try #require(!files.isEmpty)
        return files
    }
}
