import CronModel
import CronSchedule
import Foundation
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    /// Programs that do not want to end, or leave others behind. Whatever they do, an attempt ends in its time and nothing of
    /// its session is left: the witness, which all of them hold open, is alone at once.
    @Suite(.timeLimit(.minutes(3))) struct HostileCommandTests {
        private static let hold = "exec 9>\"$WITNESS\"; "
        private static let limit = Span.milliseconds(500)
        private static let untilBegun = "while [ ! -e \"$WITNESS.begun\" ]; do :; done; exit 0"

        @Test(arguments: [
            "trap '' TERM; sleep 1000 & wait; sleep 1000",
            "trap '' TERM HUP INT QUIT; while :; do sleep 1000; done",
            "kill -STOP $$",
            "exec <&- >&- 2>&-; sleep 1000",
            "trap '' TERM; exec <&- >&- 2>&-; sleep 1000",
            "yes",
            "trap '' TERM; yes & yes >&2",
            "cat /dev/zero",
            "sh -c 'sleep 1000 & sleep 1000 & sleep 1000 & wait' & wait",
            "i=0; while [ $i -lt 50 ]; do (trap '' TERM; sleep 1000) & i=$((i+1)); done; wait",
            "while :; do (sleep 1000 &) ; done",
            "timeout 1000 sleep 1000",
            "bash -c 'set -m; sleep 1000 & (trap \"\" TERM; sleep 1000) & wait'",
            "trap '' TERM; timeout 1000 sh -c 'trap \"\" TERM; sleep 1000; sleep 1000'; sleep 1000",
            "(sleep 1000 &); exec sleep 1000",
        ])
        func aProgramThatDoesNotEndIsEnded(_ text: String) async throws {
            let witness = try Witness()
            let outcome = await commands.run(shell(Self.hold + text, witness, timeout: Self.limit))
            #expect(
                outcome.kind == .timeout && outcome.verdict == .transient && outcome.reach == .maybeSent, "\(outcome)")
            #expect(outcome.error == "the program did not end within 500ms, and was ended")
            #expect(witness.isAlone)
        }

        @Test(arguments: [
            "sleep 1000 &",
            "(sleep 1000 &)",
            "(trap '' TERM; sleep 1000; sleep 1000) &",
            "sh -c 'sh -c \"sleep 1000 & sleep 1000\" & exit' &",
            "yes &",
            "(trap '' TERM; yes) & yes >&2 &",
            "bash -c 'set -m; sleep 1000 &'",
            "timeout 1000 sleep 1000 &",
        ])
        func whatAProgramLeavesBehindEndsWithIt(_ text: String) async throws {
            let witness = try Witness()
            let outcome = await commands.run(shell(Self.hold + text + "\necho done; exit 3", witness))
            #expect(outcome.exitCode == 3 && outcome.reach == .answered, "\(outcome)")
            #expect(outcome.output?.contains("done\n") == true || outcome.outputTruncated)
            #expect(witness.isAlone)
        }

        /// A child is forked while the table of processes is read, and its parent ends before its own line is: neither is
        /// seen.
        @Test func nobodyHidesBehindAParentThatEnds() async throws {
            let witness = try Witness()
            let text = Self.hold + "(((((sleep 1000 &) &) &) &) &) & (((trap '' TERM; sleep 1000 &) &) &) &"
            for _ in 1...100 {
                #expect(await commands.run(shell(text, witness)).verdict == .success)
                try #require(witness.isAlone)
            }
        }

        @Test func aProgramMayEndInOrder() async throws {
            let witness = try Witness()
            // The parent ends at once, its child needs a little longer: the grace is for both.
            let text = """
                (trap 'echo child >&9; exit' TERM; echo ready >&9; while :; do sleep 0.01; done) &
                trap 'echo parent; exit 0' TERM
                while :; do sleep 0.01; done
                """
            let task = Task { await commands.run(shell(Self.hold + text, witness)) }
            #expect(try await witness.next() == "ready\n")
            task.cancel()
            let outcome = await task.value
            #expect(outcome.kind == .cancelled && outcome.verdict == .transient && outcome.reach == .maybeSent)
            #expect(outcome.lines.contains("parent"), "\(outcome)")
            #expect(try await witness.next() == "child\n")
            #expect(witness.isAlone)
        }

        @Test func aCancelledProgramThatIgnoresItIsKilled() async throws {
            let witness = try Witness()
            let text = "trap '' TERM; echo ready >&9; while :; do sleep 1000; done"
            let task = Task { await commands.run(shell(Self.hold + text, witness)) }
            #expect(try await witness.next() == "ready\n")
            task.cancel()
            #expect(await task.value.kind == .cancelled)
            #expect(witness.isAlone)
        }

        /// A daemon that begins a session of its own is not the attempt's any more, as documented. It holds nobody up.
        @Test func whoeverBeginsASessionOfItsOwnIsLetGo() async throws {
            let witness = try Witness()
            let text = "setsid sh -c 'echo $$ >&9; : >\"$WITNESS.begun\"; exec sleep 1000' & " + Self.untilBegun
            let outcome = await commands.run(shell(Self.hold + text, witness))
            #expect(outcome.verdict == .success)
            let daemon = try #require(pid_t(try await witness.next().dropLast()))
            #expect(!witness.isAlone)
            kill(daemon, SIGKILL)
            #expect(try await witness.next() == "", "it was the only one")
        }

        /// One that writes for ever holds nobody up either, and ends with the pipe.
        @Test func aDaemonThatFloodsHoldsNobodyUp() async throws {
            let witness = try Witness()
            let outcome = await commands.run(
                shell(Self.hold + "setsid sh -c ': >\"$WITNESS.begun\"; exec yes' & " + Self.untilBegun, witness))
            #expect(outcome.verdict == .success)
            #expect(try await witness.next() == "")
        }

        /// Such as one that has become root by sudo, of a node that is not.
        @Test func aProgramThatCannotBeEndedKeepsNoPlace() async throws {
            let witness = try Witness()
            let session = Mutex<ProcessSession?>(nil)
            let helpless = CommandAction(environment: nodeVariables) { found in
                session.withLock { $0 = found }
                return false
            }
            let outcome = await helpless.run(shell(Self.hold + "exec sleep 1000", witness, timeout: Self.limit))
            #expect(outcome.kind == .timeout && outcome.verdict == .permanent && outcome.reach == .maybeSent)
            #expect(outcome.error?.contains("could not be ended") == true)
            let left = try #require(session.withLock { $0 })
            #expect(ProcessTable.groups(ofSession: left.leader) == [left.leader])
            #expect(await left.end(grace: .zero))
            #expect(try await witness.next() == "")
        }

        @Test func manyAtOnceEndInTheirTime() async throws {
            let witness = try Witness()
            let text = Self.hold + "trap '' TERM; yes & exec <&-; yes >&2"
            let growth = try await ProcessMemory.growth {
                let kinds = await withTaskGroup(of: Outcome.self) { group in
                    for _ in 0..<24 { group.addTask { await commands.run(shell(text, witness, timeout: Self.limit)) } }
                    return await group.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
                }
                #expect(kinds == [.timeout: 24])
            }
            #expect(witness.isAlone)
            #expect(growth < 64 << 20, "\(growth) bytes")
        }
    }
}
