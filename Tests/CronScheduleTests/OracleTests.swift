import CronSchedule
import Testing

@Suite("Against a brute-force walk of the wall clock")
struct OracleTests {
    /// Zones with the instant of a clock change.
    static let changes: [(String, String)] = [
        ("America/New_York", "2021-03-14T07:00:00Z"), ("America/New_York", "2021-11-07T06:00:00Z"),
        ("Australia/Lord_Howe", "2021-10-02T15:30:00Z"), ("Australia/Lord_Howe", "2021-04-03T15:00:00Z"),
        ("Antarctica/Troll", "2022-03-27T01:00:00Z"), ("Antarctica/Troll", "2022-10-30T01:00:00Z"),
        ("Asia/Kathmandu", "1985-12-31T18:30:00Z"), ("Africa/Casablanca", "2024-03-10T02:00:00Z"),
        ("Africa/Casablanca", "2024-04-14T02:00:00Z"), ("Europe/Dublin", "2024-03-31T01:00:00Z"),
        ("Europe/Dublin", "2024-10-27T01:00:00Z"), ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("America/Havana", "2024-11-03T05:00:00Z"), ("Asia/Beirut", "2024-03-30T22:00:00Z"),
        ("America/St_Johns", "2010-03-14T03:31:00Z"), ("America/St_Johns", "2010-11-07T02:31:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"), ("Pacific/Kwajalein", "1993-08-21T12:00:00Z"),
        ("Europe/London", "2090-03-26T01:00:00Z"), ("Europe/London", "2090-10-29T01:00:00Z"),
        ("UTC", "2026-01-01T00:00:00Z"),
    ]

    struct Values {
        var text: String
        var values: Set<Int>
        var star: Bool
        init(_ text: String, _ values: Set<Int>, _ star: Bool) {
            (self.text, self.values, self.star) = (text, values, star)
        }
    }

    private static func someValues(_ limit: Int, _ random: inout SeededRandom) -> Values {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return Values("*", Set(0..<limit), true)
        case 1:
            let step = Int.random(in: 1...limit, using: &random)
            return Values("*/\(step)", Set(stride(from: 0, to: limit, by: step)), true)
        case 2:
            let first = Int.random(in: 0..<limit, using: &random)
            let step = Int.random(in: 1...limit, using: &random)
            return Values("\(first)/\(step)", Set(stride(from: first, to: limit, by: step)), false)
        case 3:
            let first = Int.random(in: 0..<limit, using: &random)
            let last = Int.random(in: 0..<limit, using: &random)
            let count = (last - first + limit) % limit
            return Values("\(first)-\(last)", Set((0...count).map { (first + $0) % limit }), false)
        default:
            let values = Set((0..<3).map { _ in Int.random(in: 0..<limit, using: &random) })
            return Values(values.map(String.init).joined(separator: ","), values, false)
        }
    }

    @Test(arguments: changes)
    func agrees(zone: String, change: String) throws {
        let seed: UInt64 = 20_260_201
        var random = SeededRandom(seed: seed ^ UInt64(zone.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0xffff))
        let middle = Int(try at(change).wholeSeconds)
        // A lost day needs a wide window; seconds are walked only nearby.
        let minuteReach = 30 * 3_600
        let secondReach = 3 * 3_600
        let byMinute = try WallClockOracle.Readings(
            zone: zone, from: middle - minuteReach, to: middle + minuteReach, step: 60)
        let bySecond = try WallClockOracle.Readings(
            zone: zone, from: middle - secondReach, to: middle + secondReach, step: 1)
        for round in 0..<50 {
            let seconds = round % 10 == 0 ? Self.someValues(60, &random) : Values("0", [0], false)
            let minutes = Self.someValues(60, &random)
            let hours = Self.someValues(24, &random)
            let isWild = seconds.star || minutes.star || hours.star
            let gap = Schedule.DSTGap.allCases.randomElement(using: &random) ?? .shift
            let fold = Schedule.DSTFold.allCases.randomElement(using: &random) ?? .first
            let text = "\(seconds.text) \(minutes.text) \(hours.text) * * *"
            let onMinutes = seconds.values == [0]
            let oracle = WallClockOracle(
                fields: [seconds.values, minutes.values, hours.values], isWild: isWild, gap: gap, fold: fold,
                readings: onMinutes ? byMinute : bySecond)
            // A lost day needs a wide window to tell what was lost; two hours at each end are not judged.
            let inner = (onMinutes ? minuteReach : secondReach) - 2 * 3_600
            let expected = oracle.runs().filter { $0 > middle - inner && $0 < middle + inner }
            let schedule = try Schedule(text, options: .init(timezone: zone, dstGap: gap, dstFold: fold))
            let start = Instant(seconds: Int64(middle - inner))
            let end = Instant(seconds: Int64(middle + inner - 1))
            let actual = schedule.upcoming(after: start, count: expected.count + 1).filter { $0 <= end }.map {
                Int($0.wholeSeconds)
            }
            let context: Comment = "\(text) \(zone) \(gap) \(fold) seed \(seed) round \(round)"
            #expect(actual == expected, context)
            #expect(schedule.count(after: start, through: end) == expected.count, context)
            var backwards: [Int] = []
            var before = end + .microseconds(1)
            while let previous = schedule.previous(before: before), previous > start {
                backwards.append(Int(previous.wholeSeconds))
                before = previous
            }
            #expect(backwards.reversed() == expected, context)
        }
    }
}
