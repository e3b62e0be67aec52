import CronModel
import CronSchedule
import CronTesting
import HashTreeCollections
import Testing

/// Leases, hold-off and reaping of a cluster (T4, T6).
@Suite struct ClusterTests {
    @Test func onlyALiveLeaseTakesAnything() throws {
        let bench = try Bench()
        _ = try bench.create("* * * * * *")
        bench.clock.advance(by: Bench.lease)
        #expect(try bench.plan().isEmpty)
        #expect(try bench.beat(1).isAlive, "an elapsed lease that nobody acted on revives")
        #expect(try !bench.plan().isEmpty)
    }

    @Test func runsOfADeadNodeAreTakenAfterTheHoldOff() throws {
        let bench = try Bench()
        try bench.register(2)
        _ = try bench.create("* * * * * *")
        let claims = try bench.plan(1)
        bench.clock.advance(by: .seconds(1))
        _ = try bench.done(Bench.starting(1, [claims[0]]))
        try bench.live(.seconds(13), [2])
        #expect(try bench.done(.reap(node: Bench.node(2))) == ReapAnswer(), "its lease runs")
        try bench.live(.seconds(2), [2])
        #expect(try bench.done(.reap(node: Bench.node(2))) == ReapAnswer(queued: claims.count - 1, running: 1))
        #expect(try bench.run(claims[0].token.runID).status == .retrying)
        #expect(try bench.run(claims[1].token.runID).status == .pending)
        #expect(try !bench.beat(1).isAlive, "a node declared dead stays dead")
    }

    @Test func reapingWaitsForNoLock() throws {
        let bench = try Bench()
        try bench.register(2)
        let jobs = [try bench.create("in 1s"), try bench.create("in 1s")]
        _ = try bench.claim(1)
        try bench.live(.seconds(20), [2])
        let edit = try bench.open(.changeJob(jobs[0].id, owner: bench.owner, version: nil, .cancelRuns))
        #expect(try bench.done(.reap(node: Bench.node(2))) == ReapAnswer(queued: 1))
        edit.rollback()
        #expect(try bench.done(.reap(node: Bench.node(2))) == ReapAnswer(queued: 1))
    }

    @Test func afterAnOutageOwnersRenewBeforeAnyoneIsReaped() throws {
        let bench = try Bench()
        try bench.register(2)
        _ = try bench.create("* * * * * *")
        let claims = try bench.plan(1)
        bench.clock.advance(by: .seconds(46))
        #expect(try bench.beat(2).isAlive)
        #expect(try bench.done(.reap(node: Bench.node(2))) == ReapAnswer(), "it has held its lease for no time yet")
        try bench.live(.seconds(14), [2])
        #expect(try bench.done(.reap(node: Bench.node(2))) == ReapAnswer())
        #expect(try bench.beat(1).isAlive)
        // What was not started for a lease length after its due time is taken even from a live node.
        try bench.live(.seconds(1), [1, 2])
        #expect(try bench.done(.reap(node: Bench.node(2))) == ReapAnswer(queued: claims.count))
    }

    @Test func anOutcomeOfATakenRunIsSupersededAndKept() throws {
        let bench = try Bench()
        try bench.register(2)
        _ = try bench.create("in 1s") { $0.delivery = .atMostOnce }
        let claims = try bench.claim(1)
        bench.clock.advance(by: .seconds(1))
        _ = try bench.done(Bench.starting(1, claims))
        try bench.live(.seconds(20), [2])
        _ = try bench.done(.reap(node: Bench.node(2)))
        let run = try bench.run(claims[0].token.runID)
        #expect(run.status == .dead)
        #expect(run.reason == .outcomeUnknown)
        let late = Finish(token: claims[0].token, outcome: .success)
        #expect(try bench.done(.finish([late])) == [.superseded])
        #expect(try bench.done(.finish([late])) == [.repeated])
        #expect(bench.database.tables.attempts[run.id]?.map(\.lateOutcome) == [.success])
        #expect(try bench.run(run.id) == run, "it is never applied")
    }

    @Test func aReaperPassesOverWhatItsNodeIsWriting() throws {
        let bench = try Bench()
        try bench.register(2)
        _ = try bench.create("* * * * * *") { $0.overlap = .allow }
        let claims = try Array(bench.plan(1).prefix(1))
        bench.clock.advance(by: .seconds(1))
        _ = try bench.done(Bench.starting(1, claims))
        try bench.live(.seconds(20), [2])
        let finishing = try bench.open(.finish([Finish(token: claims[0].token, outcome: .success)]))
        #expect(try bench.done(.reap(node: Bench.node(2))).running == 0)
        #expect(try finishing.commit() == [.applied(.success, dueAt: nil)])
    }
}
