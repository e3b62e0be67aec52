import CronModel
import CronSchedule
import Testing

@Suite struct RunStateMachineTests {
    /// Every edge of the life of a run; what is not here must be refused.
    static let legal: Set<[RunStatus]> = [
        [.pending, .queued], [.retrying, .queued], [.queued, .running], [.queued, .pending], [.queued, .retrying],
        [.running, .success], [.running, .failed], [.running, .cancelled], [.failed, .retrying], [.failed, .dead],
        [.pending, .cancelled], [.queued, .cancelled], [.retrying, .cancelled], [.pending, .skipped],
        [.queued, .skipped],
        [.retrying, .skipped], [.dead, .pending], [.dead, .cancelled], [.pending, .pending], [.retrying, .retrying],
    ]

    @Test(arguments: RunStatus.allCases, RunStatus.allCases)
    func onlyTheEdgesOfTheLifecycleExist(from: RunStatus, to: RunStatus) {
        #expect(RunStateMachine.allows(from, to: to) == Self.legal.contains([from, to]))
        var run = Fixture.run(status: from)
        let before = run
        if Self.legal.contains([from, to]) {
            #expect(throws: Never.self) { try run.move(to: to, reason: .edited, at: Fixture.now, raisesFence: true) }
            #expect(run.status == to)
            #expect(run.fence == before.fence + 1)
            #expect(run.events.last?.from == from)
        } else {
            #expect(throws: IllegalTransition.self) { try run.move(to: to, reason: .edited, at: Fixture.now) }
            #expect(run == before, "a refused move changes nothing")
        }
    }

    @Test func endsNeverChange() {
        for status in RunStatus.allCases where status.isFinal {
            #expect(RunStatus.allCases.allSatisfy { !RunStateMachine.allows(status, to: $0) })
        }
    }

    @Test func namesRoundTrip() {
        for status in RunStatus.allCases { #expect(RunStatus(name: status.name) == status) }
        #expect(Set(RunReason.allCases.map(\.name)).count == RunReason.allCases.count)
    }

    @Test func eventsRoundTrip() {
        var random = RandomSource(seed: 5)
        var log = RunEventLog()
        var events: [RunEvent] = []
        for number in 0..<400 {
            let event = RunEvent(
                at: Instant(microseconds: Int64.random(in: 0...(1 << 52), using: &random)),
                from: number == 0 ? nil : RunStatus.allCases.randomElement(using: &random),
                to: RunStatus.allCases.randomElement(using: &random) ?? .pending,
                reason: RunReason.allCases.randomElement(using: &random) ?? .planned,
                fence: Int64.random(in: 0...Int64(UInt32.max), using: &random),
                attempt: Int.random(in: 0...1_000, using: &random),
                node: Bool.random(using: &random) ? NodeID(high: random.next(), low: random.next()) : nil,
                dueAt: Bool.random(using: &random)
                    ? Instant(microseconds: Int64.random(in: 0...(1 << 52), using: &random)) : nil)
            log.append(event)
            events.append(event)
        }
        #expect(log.events == events)
        #expect(RunEventLog(bytes: log.bytes).events == events)
    }

    @Test func aRunEditedForEverKeepsABoundedHistoryAndItsRealEdges() throws {
        var run = Fixture.run(status: .pending)
        for _ in 0..<2_000 { try run.move(to: .pending, reason: .edited, at: Fixture.now, raisesFence: true) }
        try run.move(to: .skipped, reason: .deleted, at: Fixture.now)
        #expect(run.log.bytes.count <= RunEventLog.eventLimit * 41 + 64)
        #expect(run.fence == 2_000)
        #expect(run.events.last?.to == .skipped)
    }

    /// Claimed and given back for days, since its host has no room or its rate limit no turn.
    @Test(arguments: [RunReason.hostBusy, .rateLimited, .blocked])
    func aRunPostponedForEverKeepsABoundedHistoryAndItsRealEdges(why: RunReason) throws {
        var run = Fixture.run(status: .pending)
        let node = NodeID(high: 5, low: 5)
        func move(_ to: RunStatus, _ reason: RunReason, at number: Int) throws {
            try run.move(
                to: to, reason: reason, at: Fixture.now + .seconds(Int64(number)), node: to == .queued ? node : nil,
                raisesFence: true)
        }
        func postpone(_ numbers: Range<Int>) throws {
            for number in numbers {
                let waits = run.status
                try move(.queued, .claimed, at: number)
                run.dueAt = Fixture.now + .seconds(Int64(number))
                try move(waits, why, at: number)
                if why == .blocked { try move(waits, .unblocked, at: number) }
                #expect(run.log.bytes.count <= RunEventLog.eventLimit * 41)
            }
        }
        try postpone(0..<2_000)
        let first = run.events.prefix(2)
        #expect(first.map(\.reason) == [.claimed, why] && first.allSatisfy { $0.at == Fixture.now })
        #expect(run.isDue(by: why))
        let attempt: [(RunStatus, RunReason)] = [
            (.queued, .claimed), (.running, .started), (.failed, .attemptFailed), (.retrying, .attemptFailed),
        ]
        for (to, reason) in attempt { try move(to, reason, at: 2_000) }
        try postpone(2_001..<4_000)
        let kept = run.events
        #expect(kept.contains { $0.to == .running } && kept.contains { $0.to == .failed })
        #expect(kept.map(\.at) == kept.map(\.at).sorted() && kept.prefix(2) == first)
        #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.to == $1.from }, "it is still a way")
        #expect(kept.count > RunEventLog.eventLimit / 2 && kept.last?.at == Fixture.now + .seconds(3_999))
    }
}

enum Fixture {
    static let now = Instant(seconds: 1_800_000_000)

    static func run(status: RunStatus) -> Run {
        Run(
            stored: RunID(high: 1, low: 1), jobID: JobID(high: 2, low: 2), userID: UserID(high: 3, low: 3),
            origin: .schedule,
            scheduledFor: now, zone: "", dueAt: now, status: status, reason: nil, fence: 0, attempt: 0,
            log: RunEventLog())
    }
}
