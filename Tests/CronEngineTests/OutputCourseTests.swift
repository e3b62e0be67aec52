import CronModel
import CronSchedule
import CronTesting
import Testing

@testable import CronEngine

/// What one who follows a run is told, and in which order.
@Suite struct OutputCourseTests {
    private static let node = NodeID(high: 9, low: 9)

    private func run(_ statuses: RunStatus...) throws -> Run {
        let definition = JobDefinition(
            name: "j", schedule: "* * * * *", action: ActionDefinition(type: "command", fields: [:]))
        let job = try Job(
            id: JobID(high: 1, low: 1), userID: UserID(high: 1, low: 2), definition: definition,
            anchor: TestClock.start, state: .active, cursor: TestClock.start, createdAt: TestClock.start,
            updatedAt: TestClock.start, version: 1)
        var run = Run(
            id: RunID(high: 1, low: 3), job: job, origin: .trigger, scheduledFor: TestClock.start,
            dueAt: TestClock.start, at: TestClock.start)
        for status in statuses {
            if status == .running { run.attempt += 1 }
            try run.move(to: status, reason: .started, at: TestClock.start)
        }
        return run
    }

    private func attempt(_ number: Int, _ output: String?? = .none, truncated: Bool = false) -> Attempt {
        var attempt = Attempt(number: number, fence: Int64(number * 10), node: Self.node, startedAt: TestClock.start)
        guard let output else { return attempt }
        var outcome = Outcome(kind: .exitCode, verdict: .transient, reach: .answered)
        outcome.output = output
        outcome.outputTruncated = truncated
        attempt.outcome = outcome
        return attempt
    }

    private func readings(_ attempt: Int, _ pieces: [OutputPiece]) -> [OutputKey: OutputReading] {
        [
            OutputKey(run: RunID(high: 1, low: 3), fence: Int64(attempt * 10)): OutputReading(
                pieces: pieces, isEnded: pieces.last?.isLast ?? false)
        ]
    }

    private func words(_ told: [ToldOutput]) -> [String] {
        told.map { one in
            let what =
                switch one.event {
                case .attempt(let attempt): "attempt \(attempt.number)"
                case .output(let offset, let text): "\(offset) \(text)"
                case .gap(let offset, let bytes): "\(offset) gap \(bytes)"
                case .kept(let offset, let text): "kept \(offset) \(text)"
                case .outcome(let attempt): "outcome \(attempt.number)"
                case .end(let run): "end \(run.status.name)"
                }
            return "\(one.position): \(what)"
        }
    }

    @Test func aRunIsFollowedFromItsAttemptsToItsEnd() throws {
        var course = OutputCourse(after: nil)
        let waiting = try run()
        #expect(course.next(waiting, [], [:], isLate: false).isEmpty)
        let running = try run(.queued, .running)
        #expect(words(course.next(running, [attempt(1)], [:], isLate: false)) == ["1-0: attempt 1"])
        let first = readings(1, [OutputPiece(start: 0, end: 3, text: "abc")])
        #expect(words(course.next(running, [attempt(1)], first, isLate: false)) == ["1-3: 0 abc"])
        #expect(course.next(running, [attempt(1)], first, isLate: false).isEmpty, "nothing is told twice")
        let last = readings(1, [OutputPiece(start: 5, end: 7, text: "fg", isLast: true)])
        #expect(words(course.next(running, [attempt(1)], last, isLate: false)) == ["1-5: 3 gap 2", "1-7: 5 fg"])
        let retrying = try run(.queued, .running, .failed, .retrying)
        let ended = course.next(retrying, [attempt(1, "abcdefg")], last, isLate: false)
        #expect(words(ended) == ["1-end: outcome 1"])
        let again = try run(.queued, .running, .failed, .retrying, .queued, .running, .success)
        let rest = course.next(again, [attempt(1, "abcdefg"), attempt(2, "yes")], [:], isLate: false)
        #expect(words(rest) == ["2-0: attempt 2", "2-3: kept 0 yes", "2-end: outcome 2", "2-over: end SUCCESS"])
        #expect(course.isOver)
    }

    @Test func whatIsKeptSaysWhatWasMissed() throws {
        let ended = try run(.queued, .running, .success)
        func rest(_ place: Int64, _ attempt: Attempt) -> [String] {
            var course = OutputCourse(after: OutputPosition(attempt: 1, offset: place))
            let before = course.next(ended, [attempt], [:], isLate: false)
            let told = before + (course.isOver ? [] : course.next(ended, [attempt], [:], isLate: true))
            return words(told).filter { !$0.contains("attempt") && !$0.contains("outcome") && !$0.contains("end ") }
        }
        #expect(rest(0, attempt(1, "aé")) == ["1-3: kept 0 aé"])
        #expect(rest(1, attempt(1, "aé")) == ["1-3: 1 é"])
        #expect(rest(3, attempt(1, "aé")).isEmpty)
        #expect(rest(9, attempt(1, "aé")) == ["1-3: kept 0 aé"], "it is no place in it")
        #expect(rest(2, attempt(1, "ab ******** c")) == ["1-13: kept 0 ab ******** c"], "places are not what they were")
        #expect(rest(2, attempt(1, "abcd", truncated: true)) == ["1-4: kept 0 abcd"])
        #expect(rest(2, attempt(1, .some(nil))).isEmpty)
    }

    /// The last pieces are on their way for a while when the outcome is known already.
    @Test func theLastPiecesAreWaitedFor() throws {
        let ended = try run(.queued, .running, .success)
        var course = OutputCourse(after: OutputPosition(attempt: 1, offset: 2))
        #expect(words(course.next(ended, [attempt(1, "abcd")], [:], isLate: false)) == ["1-2: attempt 1"])
        let last = readings(1, [OutputPiece(start: 2, end: 4, text: "cd", isLast: true)])
        #expect(
            words(course.next(ended, [attempt(1, "abcd")], last, isLate: false))
                == ["1-4: 2 cd", "1-end: outcome 1", "1-over: end SUCCESS"])
    }

    @Test func oneWhoComesBackGoesOnWhereHeWas() throws {
        let running = try run(.queued, .running, .failed, .retrying, .queued, .running)
        let attempts = [attempt(1, "abc"), attempt(2)]
        var fresh = OutputCourse(after: nil)
        #expect(words(fresh.next(running, attempts, [:], isLate: false)) == ["2-0: attempt 2"])
        var seen = OutputCourse(after: OutputPosition("1-end"))
        #expect(words(seen.next(running, attempts, [:], isLate: false)) == ["2-0: attempt 2"])
        var within = OutputCourse(after: OutputPosition("2-4"))
        let pieces = readings(
            2,
            [
                OutputPiece(start: 0, end: 6, text: "abcdef"), OutputPiece(start: 6, end: 16, text: "********"),
            ])
        #expect(
            words(within.next(running, attempts, pieces, isLate: false))
                == ["2-4: attempt 2", "2-6: 4 ef", "2-16: 6 ********"])
        var inside = OutputCourse(after: OutputPosition("2-9"))
        #expect(
            words(inside.next(running, attempts, pieces, isLate: false)) == ["2-9: attempt 2", "2-16: 6 ********"],
            "where a place within cannot be told the whole is")
    }

    /// A run that waits for its next attempt can end without it.
    @Test func theEndIsHeardLongAfterTheLastOutcome() throws {
        let retrying = try run(.queued, .running, .failed, .retrying)
        var course = OutputCourse(after: nil)
        let told = course.next(retrying, [attempt(1, "abc")], [:], isLate: false)
        #expect(words(told) == ["1-0: attempt 1", "1-3: kept 0 abc", "1-end: outcome 1"] && !course.isOver)
        let cancelled = try run(.queued, .running, .failed, .retrying, .cancelled)
        var again = OutputCourse(after: told.last?.position)
        #expect(words(again.next(cancelled, [attempt(1, "abc")], [:], isLate: false)) == ["1-over: end CANCELLED"])
        var never = OutputCourse(after: nil)
        #expect(words(never.next(try run(.cancelled), [], [:], isLate: false)) == ["0-over: end CANCELLED"])
    }

    @Test func aLongKeptOutputComesInParts() throws {
        let ended = try run(.queued, .running, .success)
        var course = OutputCourse(after: nil)
        let text = String(repeating: "é", count: OutputLimit.pieceBytes)
        let told = course.next(ended, [attempt(1, text)], [:], isLate: false)
        let parts = told.compactMap { if case .kept(_, let text) = $0.event { text } else { nil } }
        #expect(
            parts.joined() == text && parts.count == 2 && parts.allSatisfy { $0.utf8.count <= OutputLimit.pieceBytes })
    }

    @Test func positionsAreReadAsTheyAreWritten() {
        for text in ["1-0", "7-123456789012", "2-end", "0-end", "3-over"] { #expect(OutputPosition(text)?.description == text) }
        for text in ["", "1", "-1", "1-", "1--1", "1-x", "01-2", "1-02", "+1-2", "1-2-3", "99999999999999999999-1"] {
            #expect(OutputPosition(text) == nil, "\(text)")
        }
    }
}
