import CronModel
import CronSchedule
import Testing

@Suite struct PolicyTests {
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func exponentialGapsLieInTheirHalvesAndGrowToTheCap(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var policy = RetryPolicy()
        policy.maxRetries = 30
        policy.baseDelay = .milliseconds(Int64.random(in: 1...60_000, using: &random))
        policy.factor = Double.random(in: 2...10, using: &random)
        policy.maxDelay = policy.baseDelay + .seconds(Int64.random(in: 0...100_000, using: &random))
        var last = Span.zero
        for failures in 1...30 {
            var exact = Double(policy.baseDelay.microseconds)
            for _ in 1..<failures { exact = min(exact * policy.factor, Double(policy.maxDelay.microseconds)) }
            let gap = policy.wait(afterFailures: failures, elapsed: .zero, asked: nil, random: random.fraction())
            let microseconds = Double(gap?.microseconds ?? -1)
            #expect(microseconds >= exact / 2 - 2 && microseconds <= exact + 1, "seed \(seed)")
            if exact < Double(policy.maxDelay.microseconds) {
                #expect(gap ?? .zero >= last - .microseconds(2), "seed \(seed): gaps grow")
                last = gap ?? .zero
            }
        }
        #expect(policy.wait(afterFailures: 31, elapsed: .zero, asked: nil, random: 0) == nil)
    }

    @Test func fixedListFullAndNone() {
        var policy = RetryPolicy()
        policy.strategy = .fixed
        policy.baseDelay = .seconds(7)
        #expect(
            (1...5).map { policy.wait(afterFailures: $0, elapsed: .zero, asked: nil, random: 0.5) }
                == Array(repeating: .seconds(7), count: 5))
        policy.strategy = .list
        policy.delays = [.seconds(1), .seconds(10)]
        #expect(
            (1...3).map { policy.wait(afterFailures: $0, elapsed: .zero, asked: nil, random: 0.5) } == [
                .seconds(1), .seconds(10), .seconds(10),
            ])
        policy.strategy = .exponential
        policy.jitter = RetryPolicy.Jitter.none
        #expect(policy.wait(afterFailures: 3, elapsed: .zero, asked: nil, random: 0.9) == .seconds(28))
        policy.jitter = .full
        #expect(policy.wait(afterFailures: 3, elapsed: .zero, asked: nil, random: 0.25) == .seconds(7))
    }

    @Test func aWaitThatTheReceiverAskedForIsClamped() {
        let policy = RetryPolicy()
        let wait = { policy.wait(afterFailures: 1, elapsed: .zero, asked: $0, random: 0) }
        #expect(wait(.seconds(30)) == .seconds(30))
        #expect(wait(.zero) == policy.baseDelay)
        #expect(wait(.days(40)) == .hours(24))
    }

    @Test func maxElapsedEndsRetries() {
        var policy = RetryPolicy()
        policy.jitter = RetryPolicy.Jitter.none
        policy.maxElapsed = .seconds(10)
        #expect(policy.wait(afterFailures: 1, elapsed: .seconds(9), asked: nil, random: 0) == .seconds(1))
        #expect(policy.wait(afterFailures: 1, elapsed: .milliseconds(9_001), asked: nil, random: 0) == nil)
    }

    @Test func misfireVerdicts() {
        var policy = MisfirePolicy()
        let slot = Fixture.now - .hours(1)
        policy.mode = .skip
        #expect(policy.verdict(slot: slot, newerLate: 0, now: Fixture.now) == .skip(.misfire))
        policy.mode = .fireLast
        #expect(policy.verdict(slot: slot, newerLate: 0, now: Fixture.now) == .fire)
        #expect(policy.verdict(slot: slot, newerLate: 1, now: Fixture.now) == .skip(.coalesced))
        policy.mode = .fireAll
        policy.catchupLimit = 2
        #expect(policy.verdict(slot: slot, newerLate: 1, now: Fixture.now) == .fire)
        #expect(policy.verdict(slot: slot, newerLate: 2, now: Fixture.now) == .skip(.outOfWindow))
        #expect(policy.verdict(slot: Fixture.now - .hours(24), newerLate: 0, now: Fixture.now) == .fire)
        let old = Fixture.now - .hours(24) - .microseconds(1)
        #expect(policy.verdict(slot: old, newerLate: 0, now: Fixture.now) == .skip(.outOfWindow))
    }

    @Test(arguments: [(1, 10_000, 10_000), (1, 100, 100), (500, 100, 20), (500, 3, 3), (20_000, 100, 1), (0, 5, 5)])
    func theZonesOfAJobShareWhatMayBeCaughtUp(zones: Int, limit: Int, ofEach: Int) {
        var policy = MisfirePolicy()
        policy.catchupLimit = limit
        #expect(policy.catchupLimit(zones: zones) == ofEach)
    }

    @Test func overlapDecisions() {
        let decide = { (policy: OverlapPolicy, running: Int, parked: Int, isRetry: Bool, isDue: Bool) in
            policy.decide(running: running, parked: parked, maxConcurrent: nil, isRetry: isRetry, isDue: isDue)
        }
        for policy in [OverlapPolicy.allow, .skip, .queue(1), .cancelOther] {
            #expect(decide(policy, 0, 0, false, false) == .start, "nobody runs: it may be committed ahead")
        }
        #expect(decide(.allow, 5, 0, false, true) == .start)
        #expect(decide(.skip, 1, 0, false, true) == .skip)
        #expect(decide(.skip, 1, 0, true, true) == .park)
        #expect(decide(.queue(1), 1, 0, false, true) == .park)
        #expect(decide(.queue(1), 1, 1, false, true) == .skip)
        #expect(decide(.queue(1), 1, 1, true, true) == .park)
        #expect(decide(.cancelOther, 1, 0, false, true) == .cancelOtherAndPark)
        for policy in [OverlapPolicy.skip, .queue(1), .cancelOther] {
            #expect(decide(policy, 1, 0, false, false) == .putBack, "never decided ahead of the due time")
        }
        #expect(
            OverlapPolicy.allow.decide(running: 2, parked: 0, maxConcurrent: 2, isRetry: false, isDue: true) == .park)
        for policy in [OverlapPolicy.allow, .skip, .queue(7), .cancelOther] {
            #expect(OverlapPolicy(text: policy.text) == policy)
        }
        for text in ["", "queue", "queue()", "queue(0)", "queue(1001)", "queue(x)", "Skip"] {
            #expect(OverlapPolicy(text: text) == nil)
        }
    }

    @Test func expiryIsTheEarlierOfBoth() {
        let slot = Fixture.now
        #expect(ExpiryPolicy().expiry(ofSlot: slot) == nil)
        #expect(ExpiryPolicy(after: .seconds(5)).expiry(ofSlot: slot) == slot + .seconds(5))
        #expect(ExpiryPolicy(after: .seconds(5), at: slot + .seconds(2)).expiry(ofSlot: slot) == slot + .seconds(2))
    }

    @Test func idsRoundTripAndSortByTime() {
        var random = RandomSource(seed: 9)
        let early = RunID(at: Fixture.now, using: &random)
        let late = RunID(at: Fixture.now + .milliseconds(1), using: &random)
        let due = [-7 * 86_400, -1, 0, 5, 86_400].map {
            RunID(at: Fixture.now, orderedBy: Fixture.now + .seconds($0), using: &random)
        }
        #expect(due == due.sorted() && due.allSatisfy { $0 < late }, "due times order ids of one millisecond")
        #expect(early < late)
        #expect(RunID(early.description) == early)
        #expect(RunID(early.description.uppercased()) == early)
        #expect(
            early.description.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
                != nil)
        for text in [
            "", "x", String(early.description.dropLast()), early.description + "0",
            early.description.replacing("-", with: "+"),
        ] {
            #expect(RunID(text) == nil)
        }
    }

    @Test func definitionsRoundTripAsJSON() throws {
        var definition = JobDefinition(
            name: "x", schedule: "0 9 * * 1-5",
            action: ActionDefinition(type: "webhook", fields: ["url": .string("http://a")]))
        definition.tags = ["a", "b"]
        definition.overlap = .queue(3)
        definition.retry.strategy = .list
        definition.retry.delays = [.seconds(1), .minutes(2)]
        definition.retry.maxElapsed = .hours(3)
        definition.retry.jitter = .full
        definition.expiry = ExpiryPolicy(after: .minutes(5), at: Fixture.now)
        definition.startAt = Fixture.now
        definition.endAt = Fixture.now + .days(1)
        definition.maxRuns = 7
        definition.maxConcurrent = 2
        definition.concurrencyKey = "warehouse"
        definition.rateLimit = StartRate(count: 100, per: .minutes(1))
        definition.jitter = .milliseconds(1_500)
        definition.misfire.mode = .fireAll
        let read = try JobDefinition.read(.object(definition.json)).get()
        #expect(read == definition)
    }

    @Test func anAlertsEventsAndChannelsAreEachThereOnce() throws {
        func problems(_ channels: [String], _ on: [String]) -> [String] {
            func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
            var reader = FieldReader(["alerts": .object(["channels": list(channels), "on": list(on)])])
            _ = AlertPolicy(&reader)
            return reader.problems.map(\.field)
        }
        #expect(problems(["a", "b"], ["dead", "disabled"]).isEmpty)
        #expect(problems(["a"], ["dead", "disabled", "dead"]) == ["alerts.on[2]"])
        #expect(problems(["a", "a"], ["dead"]) == ["alerts.channels"])
    }

    /// A node of the version before goes on beside one that has written something new.
    @Test func whatANewerBinaryHasStoredIsReadWithoutItsNewMembers() throws {
        let definition = JobDefinition(
            name: "x", schedule: "@daily", action: ActionDefinition(type: "webhook", fields: [:]))
        var members = definition.json
        members["brand_new"] = .bool(true)
        members["retry"] = members["retry"]?.merging(patch: .object(["brand_new": .bool(true)]))
        #expect(throws: FieldProblems.self) { try JobDefinition.read(.object(members)).get() }
        #expect(try JobDefinition.read(.object(members), isStored: true).get() == definition)
    }

    @Test(arguments: [("100/1m", 100, Span.minutes(1)), ("1/1s", 1, .seconds(1)), ("1000000/24h", 1_000_000, .hours(24))])
    func ratesAreReadAndWritten(text: String, count: Int, period: Span) {
        #expect(StartRate(text: text) == StartRate(count: count, per: period))
        #expect(StartRate(text: StartRate(count: count, per: period).text)?.text == StartRate(text: text)?.text)
    }

    @Test(arguments: [
        "", "100", "/1m", "100/", "0/1m", "007/1m", "-1/1m", "1000001/1m", "1/999ms", "1/25h", "1/1m/1m", "a/1m",
        "1 /1m",
    ])
    func whatIsNoRateIsRefused(text: String) { #expect(StartRate(text: text) == nil) }

    @Test func aRateLetsItsCountStartAtOnceAndThenEvenly() {
        let rate = StartRate(count: 3, per: .seconds(30))
        var paid: Instant?
        var starts: [Span] = []
        for _ in 0..<5 {
            let next = max(Fixture.now, rate.nextStart(paidUntil: paid, now: Fixture.now))
            starts.append(next - Fixture.now)
            paid = rate.pay(paid, at: Fixture.now)
        }
        #expect(starts == [.zero, .zero, .zero, .seconds(10), .seconds(20)])
        #expect(rate.nextStart(paidUntil: paid.map(rate.refund), now: Fixture.now) == Fixture.now + .seconds(20))
    }
}
