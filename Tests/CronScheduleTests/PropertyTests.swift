import CronSchedule
import Testing

@Suite("Seeded properties")
struct PropertyTests {
    private static let zones = [
        "UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Africa/Monrovia",
    ]

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func nextPreviousAndCountAgree(seed: UInt64) throws {
        var source = RandomExpressions(seed: seed)
        for round in 0..<500 {
            let text = source.valid()
            var options = Schedule.Options(timezone: Self.zones[source.number(0...(Self.zones.count - 1))])
            options.dstGap = .allCases[source.number(0...1)]
            options.dstFold = .allCases[source.number(0...2)]
            let context: Comment =
                "\(text) \(options.timezone) \(options.dstGap) \(options.dstFold) seed \(seed) round \(round)"
            let schedule = try Schedule(text, options: options)
            let start = Instant(
                microseconds: Int64(source.number(0...7_000_000_000)) * 1_000_000 + Int64(source.number(0...999_999)))
            let runs = schedule.upcoming(after: start, count: 20)
            #expect(zip(runs, runs.dropFirst()).allSatisfy { $0 < $1 } && runs.allSatisfy { $0 > start }, context)
            guard let last = runs.last else {
                #expect(schedule.count(after: start, through: Instant(microseconds: .max)) == 0, context)
                continue
            }
            #expect(schedule.count(after: start, through: last) == runs.count, context)
            #expect(schedule.count(after: start, through: last - .microseconds(1)) == runs.count - 1, context)
            var backwards: [Instant] = []
            var before = last + .microseconds(1)
            while let previous = schedule.previous(before: before), previous > start {
                backwards.append(previous)
                before = previous
            }
            #expect(backwards.reversed() == runs, context)
            // Additivity over a long range that crosses clock changes.
            let far = start + .days(Int64(source.number(1...9_000)))
            let middle = start + .days(Int64(source.number(0...9_000)))
            if middle < far {
                let whole = schedule.count(after: start, through: far)
                #expect(
                    whole == schedule.count(after: start, through: middle)
                        + schedule.count(after: middle, through: far), context)
            }
        }
    }

    @Test(arguments: [UInt64(11), 12])
    func nothingCrashesOrHangs(seed: UInt64) {
        var source = RandomExpressions(seed: seed)
        let extremes = [
            Int64.min, .min + 1, -1, 0, 1, 7_258_118_400_000_000 - 1, 7_258_118_400_000_000, .max - 1, .max,
        ]
        .map(Instant.init(microseconds:))
        let clock = ContinuousClock()
        for round in 0..<3_000 {
            let text = source.broken()
            let options = Schedule.Options(
                timezone: Self.zones[round % Self.zones.count], jobID: "j", anchor: extremes[round % extremes.count])
            let taken = clock.measure {
                guard let schedule = try? Schedule(text, options: options) else { return }
                for extreme in extremes {
                    _ = schedule.next(after: extreme)
                    _ = schedule.previous(before: extreme)
                }
                _ = schedule.count(after: extremes[0], through: extremes[8])
                _ = schedule.explanation()
                _ = schedule.neverFiresReason
            }
            // 50 ms is promised for one refusal; a busy machine and a debug build get more for all this.
            #expect(taken < .milliseconds(500), "\(text.debugDescription) took \(taken), seed \(seed) round \(round)")
        }
    }

    @Test func randomBytesAreRefused() {
        var random = SeededRandom(seed: 77)
        for _ in 0..<3_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? Schedule(text)
            _ = try? Span(text: text)
            _ = try? Instant(rfc3339: text)
        }
    }
}
