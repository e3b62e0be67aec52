import CronSchedule
import Testing

@Suite("The quartz dialect (Docs/schedules.md §8)")
struct QuartzTests {
    /// Quartz text and the same schedule in Cron++'s own.
    @Test(arguments: [
        ("0 0 12 ? * 2-6", "0 0 12 * * MON-FRI"), ("0 0 12 ? * 1", "0 0 12 * * SUN"),
        ("0 0 12 ? * 7", "0 0 12 * * SAT"),
        ("0 0 12 ? * MON", "0 0 12 * * 1"), ("0 0 12 ? * L", "0 0 12 * * SAT"), ("0 0 12 ? * 6L", "0 0 12 * * FRIL"),
        ("0 0 12 ? * 6#3", "0 0 12 * * FRI#3"), ("0 0 12 ? * 6-2", "0 0 12 * * FRI-MON"),
        ("0 /10 * ? * *", "0 */10 * * * *"),
        ("0 0 /6 * * ?", "0 0 */6 * * *"), ("0 0 0 L * ?", "0 0 0 L * *"), ("0 0 0 LW * ?", "0 0 0 LW * *"),
        ("0 0 0 15W * ?", "0 0 0 15W * *"),
        ("0 0 0 1 1 ? 2199", "0 0 0 1 1 * 2199"), ("0 0 0 ? * 2/2", "0 0 0 * * 1,3,5"),
        ("0 0 0 /5 * ?", "0 0 0 1/5 * *"),
        ("0 0 0 ? * SUN-TUE", "0 0 0 * * 0-2"), ("0 15 10 ? * 6L 2026-2030", "0 15 10 * * 5L 2026-2030"),
        ("@daily", "@daily"), ("@weekly", "@weekly"),
    ])
    func translates(quartz: String, own: String) throws {
        let after = "2026-01-01T00:00:00Z"
        #expect(
            try localRuns(quartz, after: after, count: 40, dialect: .quartz) == localRuns(own, after: after, count: 40))
    }

    @Test(arguments: [
        "0 0 12 * * *", "0 0 12 ? * ?", "0 0 12 1 * 1", "0 0 12 ? * 0", "0 0 12 ? * 8", "0 0 12 ? * +2",
        "0 0 12 ? * L/2",
        "0 0 0 1 1 ? 2200",
    ])
    func refuses(text: String) {
        #expect(refusal(text, .init(dialect: .quartz)) != nil)
    }
}
