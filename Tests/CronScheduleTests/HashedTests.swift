import CronSchedule
import Testing

@Suite("H (Docs/schedules.md §4)")
struct HashedTests {
    private func minutes(_ field: String) throws -> [Int] {
        let schedule = try Schedule("\(field) 0 1 1 *", options: .init(jobID: "job-1"))
        let end = try at("2026-01-02T00:00:00Z")
        return try schedule.upcoming(after: at("2025-12-31T00:00:00Z"), count: 60).prefix { $0 < end }
            .map { Int($0.wholeSeconds / 60 % 60) }
    }

    @Test func checkVectors() throws {
        let options = Schedule.Options(jobID: "job-1")
        let all = try Schedule("H H H H H +H", options: options)
        let spread = try Schedule("38 16 3 6 2 +4", options: options)
        let start = try at("2026-01-01T00:00:00Z")
        #expect(all.upcoming(after: start, count: 5) == spread.upcoming(after: start, count: 5))
        let either = try Schedule("H H H H H H", options: options)
        let plain = try Schedule("38 16 3 6 2 4", options: options)
        #expect(either.upcoming(after: start, count: 50) == plain.upcoming(after: start, count: 50))
        #expect(try minutes("H") == [16])
        #expect(try minutes("H/15") == [1, 16, 31, 46])
        #expect(try minutes("H(0-29)/10") == [6, 16, 26])
        #expect(try minutes("h(0-29)/10") == [6, 16, 26])
    }

    @Test func otherIDsOtherValues() throws {
        let start = try at("2026-01-01T00:00:00Z")
        let firsts = try Set(
            (0..<200).map { try Schedule("H * * * *", options: .init(jobID: "job-\($0)")).next(after: start) })
        #expect(firsts.count > 45)
    }

    @Test func starRules() throws {
        // `H/n` is a star for the day fields and wild for DST; `H` and `H(a-b)` are not.
        #expect(try Schedule("0 0 H/2 * MON", options: .init(jobID: "a")).notices.isEmpty)
        #expect(try Schedule("0 0 H * MON", options: .init(jobID: "a")).notices.count == 1)
        #expect(try Schedule("0 0 H(1-9) * MON", options: .init(jobID: "a")).notices.count == 1)
        let wild = try Schedule("H/15 2 * * *", options: .init(timezone: "America/New_York", jobID: "job-1"))
        #expect(try wild.count(after: at("2021-03-14T05:00:00Z"), through: at("2021-03-15T03:59:59Z")) == 0)
        let fixed = try Schedule("H(0-59)/15 2 * * *", options: .init(timezone: "America/New_York", jobID: "job-1"))
        #expect(try fixed.count(after: at("2021-03-14T05:00:00Z"), through: at("2021-03-15T03:59:59Z")) == 1)
    }

    @Test func refusals() {
        #expect(refusal("H * * * *", .init())?.message == "\"H\" needs a job id (column 1)")
        #expect(refusal("H(5-1) * * * *")?.column == 3)
        #expect(refusal("H(0-60) * * * *")?.column == 5)
        #expect(refusal("H(5) * * * *") != nil)
        #expect(refusal("H(1-5 * * * *") != nil)
        #expect(refusal("H/0 * * * *") != nil)
        #expect(refusal("H/61 * * * *") != nil)
        #expect(refusal("0 0 0 1 1 * H")?.field == "year")
    }
}
