import CronSchedule
import Foundation
import Testing

@Suite("Instant and Span")
struct ValueTests {
    @Test(arguments: [
        ("500ms", Int64(500_000)), ("3s", 3_000_000), ("1h30m", 5_400_000_000), ("2d", 172_800_000_000),
        ("1w2d", 777_600_000_000), ("500us", 500),
        ("0s", 0), ("PT15M", 900_000_000), ("P1DT12H", 129_600_000_000), ("P2W", 1_209_600_000_000),
        ("PT0.5S", 500_000),
        ("1S", 1_000_000),
        ("pt1h0.0000019s", 3_600_000_001), ("90m", 5_400_000_000),
    ])
    func spans(text: String, microseconds: Int64) throws {
        #expect(try Span(text: text).microseconds == microseconds)
    }

    @Test(arguments: [
        "", "30", "1", "m", "1x", "1 s", " 1s", "1.5s", "-5s", "+5s", "30m1h", "1s1s", "P", "PT", "P1M", "P1Y", "1y",
        "1mo",
        "99999999999999d",
        "99999999999999999999s", "1h30", "PT1.S", "PT.5S", "PT0.5M", "T5M", "P5", "1é", "PT1HT1M",
    ])
    func spansRefused(text: String) {
        #expect(throws: ScheduleError.self) { try Span(text: text) }
    }

    @Test func bareNumberHint() {
        #expect { try Span(text: "30") } throws: {
            ($0 as? ScheduleError)?.message == "a length of time needs a unit (column 1); did you mean \"30s\"?"
        }
    }

    @Test(arguments: [
        (Span.minutes(90), "1h30m"), (.milliseconds(500), "500ms"), (.zero, "0s"), (.days(14), "2w"), (.days(8), "8d"),
        (.seconds(90), "1m30s"),
        (.microseconds(1_500_020), "1s500ms20us"), (.seconds(-5), "-5s"), (.hours(24), "1d"),
    ])
    func spanText(span: Span, text: String) throws {
        #expect(span.description == text)
        if span >= .zero { #expect(try Span(text: text) == span) }
    }

    @Test(arguments: [
        ("2026-02-01T09:00:00Z", "2026-02-01T09:00:00.000000Z"),
        ("2026-02-01T10:00:00.1234567+01:00", "2026-02-01T09:00:00.123456Z"),
        ("2026-02-01 09:00:00z", "2026-02-01T09:00:00.000000Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2026-02-01T09:00:00-23:59", "2026-02-02T08:59:00.000000Z"),
        ("+012345-01-01T00:00:00Z", "+012345-01-01T00:00:00.000000Z"),
    ])
    func instants(text: String, description: String) throws {
        #expect(try Instant(rfc3339: text).description == description)
        #expect(try Instant(rfc3339: description).description == description)
    }

    @Test(arguments: [
        "", "2026-02-01", "2026-02-01T09:00:00", "2026-02-01T09:00Z", "2026-02-30T09:00:00Z", "2026-02-01T24:00:00Z",
        "2026-02-01T23:59:60Z",
        "2026-02-01T09:00:00Z ", " 2026-02-01T09:00:00Z", "2026-02-01T09:00:00+25:00", "2026-02-01T09:00:00Z[UTC]",
        "26-02-01T09:00:00Z", "now", "\u{0}",
    ])
    func instantsRefused(text: String) {
        #expect(throws: ScheduleError.self) { try Instant(rfc3339: text) }
    }

    @Test func extremesSaturateAndRoundTrip() throws {
        let last = Instant(microseconds: .max)
        let first = Instant(microseconds: .min)
        #expect(last + .days(1) == last)
        #expect(first - .days(1) == first)
        #expect(first + Span(microseconds: .min) == first)
        #expect((last - first).microseconds == .max)
        #expect((first - last).microseconds == .min)
        #expect(Instant(seconds: .max) == last)
        #expect(Span.days(.max).microseconds == .max)
        #expect(Span.days(.min).microseconds == .min)
        #expect(!Span(microseconds: .min).description.isEmpty)
        #expect(try Instant(rfc3339: last.description) == last)
        #expect(first.description.hasPrefix("-290308-"))
        #expect(try Instant(rfc3339: (first + .seconds(1)).description) == first + .seconds(1))
    }

    @Test func codable() throws {
        let instant = try at("2026-02-01T09:00:00.25Z")
        let json = try JSONEncoder().encode([instant])
        #expect(String(decoding: json, as: UTF8.self) == "[\"2026-02-01T09:00:00.250000Z\"]")
        #expect(try JSONDecoder().decode([Instant].self, from: json) == [instant])
        #expect(try JSONDecoder().decode([Span].self, from: Data("[\"PT15M\"]".utf8)) == [.minutes(15)])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Span].self, from: Data("[15]".utf8)) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Instant].self, from: Data("[\"x\"]".utf8)) }
    }
}
