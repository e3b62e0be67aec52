import Foundation
import Testing

@testable import CronSchedule

@Suite("Zone files and POSIX rules")
struct ZoneFileTests {
    private func file(_ id: String) throws -> [UInt8] {
        try #require(ZoneDirectory.read(id, limit: ZoneFile.maxBytes))
    }

    @Test func brokenFilesAreRefusedOrRead() throws {
        var random = SeededRandom(seed: 5)
        let zones = try ["America/New_York", "Africa/Casablanca", "UTC", "Africa/Monrovia"].map(file)
        for round in 0..<600 {
            var bytes = zones[round % zones.count]
            switch round % 3 {
            case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            case 1:
                for _ in 0..<4 {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
            default:
                bytes.insert(.random(in: 0...255, using: &random), at: Int.random(in: 0...bytes.count, using: &random))
            }
            guard let rules = ZoneFile.decode(bytes, id: "X/Y") else { continue }
            for second in [Int.min / 1_000_000, -1, 0, 1_000_000_000, 7_258_118_400, Int.max / 1_000_000] {
                _ = rules.local(at: second)
            }
            let expression = CronExpression(CronSyntax())
            let occurrences = CronOccurrences(expression, rules, gap: .shift, fold: .first)
            _ = occurrences.first(atOrAfter: 1_000_000_000)
            _ = occurrences.last(atOrBefore: 1_000_000_000)
            _ = occurrences.count(from: 0, through: 1_000_000_000)
        }
    }

    @Test func oldVersionsAndLeapSecondsAreRefused() throws {
        var bytes = try file("Europe/Berlin")
        bytes[4] = 0
        #expect(ZoneFile.decode(bytes, id: "X") == nil)
        if let right = ZoneDirectory.read("right/Europe/Berlin", limit: ZoneFile.maxBytes) {
            #expect(ZoneFile.decode(right, id: "X") == nil)
        }
    }

    /// The table up to 2037 comes from the file, the rule must say the same about those years.
    @Test(arguments: [
        "America/New_York", "Europe/Dublin", "Antarctica/Troll", "Australia/Lord_Howe", "Asia/Gaza", "America/Nuuk",
        "Pacific/Auckland",
    ])
    func footerAgreesWithTable(zone: String) throws {
        let bytes = try file(zone)
        let footer = try #require(String(decoding: bytes, as: UTF8.self).split(separator: "\n").last.map(String.init))
        let rule = try #require(PosixZoneRuleReader.read(footer))
        let rules = try #require(ZoneCatalog.rules(for: zone))
        // Gaza's table follows the moon of Ramadan until 2086.
        let first = zone == "Asia/Gaza" ? 3_700_000_000 : 1_800_000_000
        for second in stride(from: first, to: first + 400_000_000, by: 5_000) {
            #expect(rule.local(at: second).offset == rules.local(at: second).offset)
        }
    }

    @Test(arguments: [
        "", "EST", "EST5EDT,", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST5EDT,J0,J1",
        "EST99",
        "EST5EDT,M3.2.0,M11.1.0x", "<EST5", "E5", "EST5EDT,M3.2.0/168,M11.1.0", "EST5:60",
    ])
    func brokenRules(text: String) {
        #expect(PosixZoneRuleReader.read(text) == nil)
    }

    @Test func otherRuleForms() throws {
        let julian = try #require(PosixZoneRuleReader.read("<+0330>-3:30<+0430>,J79/24,J263/24"))
        #expect(julian.local(at: try Int(at("2026-07-01T00:00:00Z").wholeSeconds)).offset == 16_200)
        #expect(julian.local(at: try Int(at("2026-01-01T00:00:00Z").wholeSeconds)).offset == 12_600)
        let zeroBased = try #require(PosixZoneRuleReader.read("AAA0BBB,59,300"))
        #expect(zeroBased.local(at: try Int(at("2024-02-29T12:00:00Z").wholeSeconds)).offset == 3_600)
        #expect(zeroBased.local(at: try Int(at("2026-02-28T12:00:00Z").wholeSeconds)).offset == 0)
    }

    @Test func civilTimeAgreesWithItself() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<20_000 {
            let day = Int.random(in: -110_000_000...110_000_000, using: &random)
            let date = CivilTime.date(ofDay: day)
            #expect(CivilTime.day(year: date.year, month: date.month, day: date.day) == day)
        }
        for day in -800_000...80_000 where CivilTime.date(ofDay: day + 1) != CivilTime.date(ofDay: day) {
            let (one, two) = (CivilTime.date(ofDay: day), CivilTime.date(ofDay: day + 1))
            let isLast = one.day == CivilTime.length(ofMonth: one.month, year: one.year)
            if isLast ? two.day != 1 : two.day != one.day + 1 { Issue.record("day \(day)") }
        }
        #expect(CivilTime.day(year: 2200, month: 1, day: 1) * 86_400 == CivilTime.endOfYears)
        #expect(CivilTime.weekday(ofDay: 0) == 4)
    }
}
