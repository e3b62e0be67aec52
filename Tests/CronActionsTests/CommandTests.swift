import CronModel
import CronSchedule
import Foundation
import Synchronization
import Testing

@testable import CronActions

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension NetworkTests {
    @Suite(.timeLimit(.minutes(2))) struct CommandTests {
        @Test func runsAProgramWithoutAShell() async {
            let outcome = await run(["command": ["printf", "%s|", "a b", "$HOME", "*", "{{payload.hello}}", ""]])
            #expect(outcome.kind == .success && outcome.verdict == .success && outcome.reach == .answered)
            #expect(outcome.exitCode == 0 && outcome.error == nil && !outcome.outputTruncated)
            #expect(outcome.output == "a b|$HOME|*|world||")
        }

        @Test func keepsWhatItWritesInOrder() async {
            let outcome = await run(["shell": "echo one; echo two >&2; echo three; printf 'a\\0b\\377'"])
            #expect(outcome.output == "one\ntwo\nthree\na\u{FFFD}b\u{FFFD}")
            #expect(await run(["command": ["true"]]).output == nil)
        }

        @Test(
            arguments: [
                (0, [:], Outcome.Verdict.success), (1, [:], .transient), (63, [:], .transient), (64, [:], .permanent),
                (69, [:], .transient), (75, [:], .transient), (78, [:], .permanent), (126, [:], .permanent),
                (127, [:], .permanent), (255, [:], .transient), (3, ["success_exit_codes": [0, "2-3"]], .success),
                (0, ["success_exit_codes": 1], .permanent), (4, ["transient_exit_codes": "4-5"], .transient),
                (1, ["transient_exit_codes": 75], .permanent), (75, ["transient_exit_codes": []], .permanent),
                (3, ["success_exit_codes": 3, "transient_exit_codes": "1-125"], .success),
            ] as [(Int, [String: JSONValue], Outcome.Verdict)])
        func exitCodesSayWhetherToTryAgain(
            _ code: Int, _ fields: [String: JSONValue], _ verdict: Outcome.Verdict
        ) async {
            let outcome = await run(fields.merging(["shell": .string("exit \(code)")]) { $1 })
            #expect(outcome.verdict == verdict && outcome.exitCode == code && outcome.reach == .answered)
            #expect(outcome.kind == (verdict == .success ? .success : .exitCode))
            #expect(outcome.error == (verdict == .success ? nil : "the program ended with the exit code \(code)"))
        }

        @Test func aSignalFromElsewhereMayPass() async {
            let outcome = await run(["shell": "kill -KILL $$"])
            #expect(outcome.kind == .exitCode && outcome.verdict == .transient && outcome.reach == .answered)
            #expect(outcome.error == "the program was ended by signal 9" && outcome.exitCode == nil)
        }

        @Test(
            arguments: [
                (["command": ["no-such-program-4711"]], "not found"), (["command": ["/no/such/program"]], "not found"),
                (["command": ["/etc/passwd"]], "cannot be executed"), (["command": ["/"]], "cannot be executed"),
                (["command": ["true"], "working_directory": "/no/such/place"], "/no/such/place"),
                (["command": ["true"], "working_directory": "/etc/passwd"], "/etc/passwd"),
                (["command": ["true"], "user": "no-such-user-4711"], "no such user"),
                (["command": ["true", "{{payload.none}}"]], "command[1]: payload has no \"none\""),
                (
                    ["command": ["true"], "environment": ["A": "{{secrets.none}}"]],
                    "environment.A: there is no secret \"none\""
                ),
                (["command": ["true", "{{payload.nul}}"]], "command[1]: holds a NUL"),
                (["command": ["true", "{{payload.long}}"]], "command[1]: with its values it is too long"),
            ] as [([String: JSONValue], String)])
        func whatCannotBeStartedHadNoEffect(_ fields: [String: JSONValue], _ reason: String) async {
            let payload: JSONValue = [
                "nul": "a\0b", "long": .string(String(repeating: "x", count: CommandOrder.maxFilledBytes + 1)),
            ]
            let outcome = await run(fields, payload: payload)
            #expect(outcome.kind == .permanent && outcome.verdict == .permanent && outcome.reach == .nothingSent)
            #expect(outcome.error?.contains(reason) == true, "\(outcome)")
        }

        @Test func whatAMachineIsShortOfMayPass() async throws {
            // Somebody is still writing it.
            let program = NSTemporaryDirectory() + "program-\(UUID())"
            try FileManager.default.copyItem(atPath: "/bin/true", toPath: program)
            let writer = try #require(FileHandle(forWritingAtPath: program))
            let busy = await run(["command": [.string(program)]])
            #expect(busy.kind == .exitCode && busy.verdict == .transient && busy.reach == .nothingSent, "\(busy)")
            try writer.close()
            #expect(await run(["command": [.string(program)]]).verdict == .success)
            try FileManager.default.removeItem(atPath: program)

            let output = OutputEnds()
            let short = Outcome(
                CommandEnd(manner: .notStarted("no memory", mayPass: true), output: output), .standard, limit: "")
            #expect(short.verdict == .transient && short.reach == .nothingSent && short.error == "no memory")
            let unknown = Outcome(CommandEnd(manner: .unknown("lost"), output: output), .standard, limit: "")
            #expect(unknown.kind == .unknown && unknown.verdict == .transient && unknown.reach == .maybeSent)
        }

        @Test func aProgramFindsTheRunsFactsAndNothingOfTheNodes() async {
            let fields: [String: JSONValue] = [
                "command": ["env"], "environment": ["GREETING": "hello {{payload.hello}}", "LANG": "de_DE.UTF-8"],
            ]
            let expected = [
                "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=de_DE.UTF-8", "LC_TIME=C", "TZ=Europe/Berlin",
                "HOME=/var/empty",
                "USER=node", "LOGNAME=node", "GREETING=hello world", "CRONPP_RUN_ID=\(runID)", "CRONPP_JOB_ID=\(jobID)",
                "CRONPP_JOB_NAME=nightly \"backup\"", "CRONPP_SCHEDULED_FOR=2026-02-02T02:39:00.000000Z",
                "CRONPP_ATTEMPT=2",
                "CRONPP_FENCE=7", "CRONPP_ZONE=Europe/Berlin",
            ]
            #expect(await run(fields).lines.sorted() == expected.sorted())
            // The last one is the directory that it reads.
            #expect(await run(["command": ["ls", "/proc/self/fd"]]).lines == ["0", "1", "2", "3"])
        }

        @Test(
            arguments: [
                (nil, "{\"hello\":\"world\"}\n"), ("payload", "{\"hello\":\"world\"}\n"), ("none", nil),
                ("{{payload.hello}} {{secrets.token}}", "world s3cret"),
            ] as [(JSONValue?, String?)])
        func givesItsInput(_ stdin: JSONValue?, _ expected: String?) async {
            var fields: [String: JSONValue] = ["command": ["cat"]]
            fields["stdin"] = stdin
            #expect(await run(fields, secrets: ["token": "s3cret"]).output == expected)
        }

        /// More than a pipe holds, to programs that read none of it, or a little, or all.
        @Test(arguments: [("true", 0), ("exec <&-; echo closed", 0), ("head -c 1000 | wc -c", 0), ("wc -c", 0)])
        func aProgramNeedNotReadItsInput(_ text: String, _ code: Int) async {
            let payload = JSONValue.string(String(repeating: "x", count: 1_000_000))
            for _ in 1...5 {
                let outcome = await run(["shell": .string(text)], payload: payload)
                #expect(outcome.verdict == .success && outcome.exitCode == code, "\(outcome)")
                if text == "wc -c" { #expect(outcome.output == "1000003\n") }
            }
        }

        @Test func aPayloadIsNoPartOfAShellsText() async {
            let fields: [String: JSONValue] = [
                "shell": "printf %s \"$VALUE\"", "environment": ["VALUE": "{{payload.value}}"],
            ]
            let hostile = "$(id) `id`; id \"; id '"
            #expect(await run(fields, payload: ["value": .string(hostile)]).output == hostile)
        }

        @Test func runsWhereItIsTold() async throws {
            #expect(await run(["command": ["pwd"]]).output == "/\n")
            #expect(await run(["command": ["pwd"], "working_directory": "/usr/bin"]).output == "/usr/bin\n")
        }

        @Test func keepsTheFirstAndTheLastOfALongOutput() async throws {
            let outcome = await run(["shell": "echo begin; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo the end"]
            )
            let text = try #require(outcome.output)
            #expect(outcome.verdict == .success && outcome.outputTruncated)
            #expect(text.hasPrefix("begin\nxxx") && text.hasSuffix("xxx\nthe end\n"))
            #expect(
                text.contains("\n… \(20_000_015 - OutputEnds.firstBytes - OutputEnds.lastBytes) bytes left out …\n"))
            #expect(text.utf8.count <= Outcome.outputLimitBytes && text.utf8.count > Outcome.outputLimitBytes - 100)
            // Each byte becomes three by repair.
            let binary = await run(["shell": "head -c 300000 /dev/zero | tr '\\0' '\\377'; echo end"])
            #expect((binary.output ?? "").utf8.count <= Outcome.outputLimitBytes && binary.outputTruncated)
            #expect(binary.output?.hasSuffix("end\n") == true)
        }

        /// What a cut leaves of a secret could be too short to be found.
        @Test(arguments: [1, 4, 10])
        func secretsAreHiddenWhereALongOutputIsCut(_ part: Int) async throws {
            let secret = "canary-4711"
            func x(_ count: Int) -> String { "head -c \(count) /dev/zero | tr '\\0' x" }
            var attempt = shell(
                "\(x(OutputEnds.firstBytes - part)); printf \(secret); \(x(100_000)); printf \(secret); "
                    + x(OutputEnds.lastBytes - part))
            attempt.hiding = { $0.replacing(secret, with: "********") }
            let outcome = await commands.run(attempt)
            let text = try #require(outcome.output)
            #expect(outcome.outputTruncated && text.utf8.count <= Outcome.outputLimitBytes)
            let shown = text.split(separator: "\n")
            try #require(shown.count == 3 && shown[1].hasSuffix(" bytes left out …"))
            #expect(shown[0].allSatisfy { "x*".contains($0) } && shown[2].allSatisfy { "x*".contains($0) })
        }

        /// Between what is whole and what was cut.
        @Test func anOutputIsWholeUpToItsLimit() throws {
            let most = OutputEnds.firstBytes + OutputEnds.lastBytes
            for count in [
                1, OutputEnds.firstBytes, most - 1, most, most + 1, most + 1_000, most + 1_024, most + 1_025, 300_000,
            ] {
                let bytes = (0..<count).map { UInt8(0x61 + $0 % 26) }
                var ends = OutputEnds()
                for start in stride(from: 0, to: count, by: 4_000) {
                    bytes[start..<min(start + 4_000, count)].withUnsafeBytes { ends.append($0) }
                }
                let text = ends.text { $0 } ?? ""
                let (first, last) = (bytes.prefix(OutputEnds.firstBytes), bytes.dropFirst(OutputEnds.firstBytes))
                #expect(ends.isTruncated == (count > most))
                #expect(
                    ends.written.first == Array(first) && ends.written.last == Array(last.suffix(OutputEnds.lastBytes)))
                #expect(text.hasPrefix(String(decoding: first, as: UTF8.self)))
                #expect(text.hasSuffix(String(decoding: last.suffix(OutputEnds.lastBytes), as: UTF8.self)))
                #expect(
                    ends.isTruncated
                        ? text.contains("\n… \(count - most) bytes left out …\n") : text.utf8.count == count)
            }
        }

        /// From its beginning, or from where somebody comes to follow it.
        @Test func whatItWritesCanBeFollowed() async throws {
            let (heard, hear) = AsyncStream<String>.makeStream()
            let source = Mutex<(any OutputSource)?>(nil)
            // Its input is a pipe that ends when the test has heard its first line.
            let gate = NSTemporaryDirectory() + "gate-\(UUID())"
            try #require(mkfifo(gate, 0o600) == 0)
            defer { unlink(gate) }
            var attempt = shell("echo one; read line < \(gate); echo $line >&2")
            attempt.output = { offered in
                source.withLock { $0 = offered }
                _ = offered.follow { hear.yield(String(decoding: $0, as: UTF8.self)) }
            }
            let running = Task { [attempt] in await commands.run(attempt) }
            var text = ""
            for await piece in heard {
                text += piece
                if text == "one\n" {
                    let found = source.withLock { $0 }
                    #expect(
                        found?.follow { hear.yield(String(decoding: $0, as: UTF8.self)) }
                            == WrittenSoFar(first: Array("one\n".utf8), count: 4))
                    try "two\n".write(toFile: gate, atomically: false, encoding: .utf8)
                }
                if text == "one\ntwo\n" { break }
            }
            #expect(await running.value.output == "one\ntwo\n")
            let whole = source.withLock { $0 }?.follow { _ in }
            #expect(whole == WrittenSoFar(first: Array("one\ntwo\n".utf8), count: 8))
        }

        @Test func whatIsLongIsTakenUpWhereItIsKept() async {
            let source = Mutex<(any OutputSource)?>(nil)
            var attempt = shell("head -c 1000000 /dev/zero | tr '\\0' x")
            attempt.output = { offered in source.withLock { $0 = offered } }
            _ = await commands.run(attempt)
            let written = source.withLock { $0 }?.follow { _ in }
            #expect(written?.count == 1_000_000 && written?.first.count == OutputEnds.firstBytes)
            #expect(written?.last.count == OutputEnds.lastBytes)
        }

        @Test func nothingIsStartedForACancelledAttempt() async throws {
            let witness = try Witness()
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return await commands.run(shell("exec 9>\"$WITNESS\"; echo started >&9", witness))
            }
            task.cancel()
            let outcome = await task.value
            #expect(outcome.kind == .cancelled && outcome.reach == .nothingSent)
        }
    }

    /// Of a node that is root, as tests mostly are; of another one the refusals.
    @Suite(.timeLimit(.minutes(2))) struct CommandUserTests {
        @Test(.enabled(if: geteuid() == 0)) func runsAsAnotherUser() async {
            let outcome = await run([
                "shell": "id -un; id -Gn; echo $HOME $USER $LOGNAME; touch /root/x 2>/dev/null || echo refused",
                "user": "nobody",
            ])
            #expect(outcome.lines == ["nobody", "nogroup", "/nonexistent nobody nobody", "refused"], "\(outcome)")
        }

        @Test(.enabled(if: geteuid() == 0)) func whatAnotherUsersProgramStartedIsEndedToo() async throws {
            let witness = try Witness()
            chmod(witness.path, 0o666)
            var context = shell("exec 9>\"$WITNESS\"; sleep 1000 & trap '' TERM; sleep 1000 & wait", witness)
            context.action.fields["user"] = "nobody"
            context.timeout = .milliseconds(300)
            #expect(await commands.run(context).kind == .timeout)
            #expect(witness.isAlone)
        }

        @Test func onlyRootBecomesSomebodyElse() throws {
            #expect(throws: CommandUser.Refusal.notRoot) { try CommandUser.find("root", from: 4_711) }
            #expect(throws: CommandUser.Refusal.unknown) { try CommandUser.find("no-such-user-4711", from: 0) }
            #expect(try CommandUser.find("root", from: 0) == nil, "the node's own name changes nothing")
            let nobody = try #require(try CommandUser.find("nobody", from: 0))
            #expect(nobody.name == "nobody" && nobody.groups == [nobody.group] && nobody.id != 0)
        }
    }
}

extension CommandExitCodes {
    static let standard: CommandExitCodes = {
        var reader = FieldReader([:])
        return read(&reader)
    }()
}
