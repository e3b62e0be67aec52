import CronModel
import CronSchedule
import Testing

@Suite struct StoredTests {
    @Test func outcomesComeBackAsTheyWere() {
        for kind in Outcome.Kind.allCases {
            for (verdict, reach) in [(Outcome.Verdict.transient, Outcome.Reach.answered), (.permanent, .nothingSent)] {
                var outcome = Outcome(
                    kind: kind, verdict: verdict, reach: reach, httpStatus: 503, error: "a \"b\" \n ü", output: "x")
                outcome.outputTruncated = true
                outcome.retryAfter = .seconds(7)
                outcome.rows = 3
                outcome.exitCode = -1
                outcome.disablesJob = true
                outcome.progress = "abc \"d\""
                #expect(Outcome(storedCode: outcome.storedCode, detail: outcome.storedDetail) == outcome)
            }
        }
        #expect(Outcome.success.storedDetail == nil)
        #expect(Outcome(storedCode: Outcome.success.storedCode, detail: nil) == .success)
    }

    @Test func whatNoDatabaseKeepsIsReplacedAndLongErrorsAreCut() {
        let outcome = Outcome(
            kind: .httpError, verdict: .transient, reach: .answered,
            error: String(repeating: "é", count: Outcome.errorLimitBytes), output: "a\u{0}b")
        let stored = Outcome(storedCode: outcome.storedCode, detail: outcome.storedDetail)
        #expect(stored.output == "a\u{FFFD}b")
        #expect(stored.error?.utf8.count == Outcome.errorLimitBytes)
        var long = Outcome.success
        long.progress = String(repeating: "a", count: Outcome.progressLimitBytes + 1)
        #expect(long.storedDetail == nil, "a part of it would say something else")
    }

    @Test func runsKeepWhatHasNoColumn() {
        var run = Fixture.run(status: .pending)
        #expect(run.storedExtra == nil && run.storedFlags == 0)
        run.payload = .object(["a": .array([.integer(1), .null])])
        run.redriveOf = RunID(high: 1, low: 2)
        run.lastScheduledFor = Fixture.now
        run.skippedCount = 12
        run.progress = "abc"
        run.catchUp = true
        run.cancelReason = .overlap
        run.isInDoubt = true
        run.isVerifying = true
        var copy = Fixture.run(status: .pending)
        copy.storedExtra = run.storedExtra
        copy.storedFlags = run.storedFlags
        #expect(copy.payload == run.payload && copy.redriveOf == run.redriveOf)
        #expect(copy.progress == "abc")
        #expect(copy.lastScheduledFor == run.lastScheduledFor && copy.skippedCount == 12)
        #expect(copy.catchUp && copy.cancelReason == .overlap && copy.isInDoubt && copy.isVerifying && !copy.hasTurn)
    }
}
