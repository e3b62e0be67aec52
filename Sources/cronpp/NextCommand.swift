import ArgumentParser
import CronApp
import CronSchedule
import Foundation

/// `cronpp next`: when a schedule fires.
struct NextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next", abstract: "List the next times of a schedule.",
        discussion: """
            With --batch, reads one JSON object a line from standard input ({"id","expr","tz","after","count"} and
            optionally "job_id","dialect","dst_gap","dst_fold") and answers one line each, in order.
            """)

    static let countLimit = 100_000

    @Flag(help: "Answer in JSON.") var json = false
    @Flag(help: "Read JSON lines from standard input.") var batch = false
    @Option(help: "How many times to list.") var count = 10
    @Option(name: .customLong("tz"), help: "IANA time zone.") var zone = "UTC"
    @Option(help: "RFC 3339 instant to start from; now if absent.") var after: String?
    @Option(help: "cronpp or quartz.") var dialect: String = "cronpp"
    @Option(help: "shift or skip: a time that the clock jumps over.") var dstGap: String = "shift"
    @Option(help: "first, last or both: a time that comes twice.") var dstFold: String = "first"
    @Option(help: "The job's id, for schedules with H.") var jobId: String?
    @Flag(help: "Accept a one-shot time in the past.") var allowPast = false
    @Flag(help: "Refuse a one-shot time that a clock change skips or repeats.") var strictTime = false
    @Argument(help: "The schedule.") var expression: String?

    func validate() throws {
        if batch == (expression != nil) { throw ValidationError("give either a schedule or --batch") }
        if !(1...Self.countLimit).contains(count) {
            throw ValidationError("--count must be from 1 to \(Self.countLimit)")
        }
    }

    func run() throws {
        if batch { return try NextBatch().run() }
        let query = NextQuery(
            expression: expression ?? "", zone: zone, after: after, count: count, jobID: jobId, dialect: dialect,
            dstGap: dstGap, dstFold: dstFold, allowPast: allowPast, strictTime: strictTime)
        switch query.answer() {
        case .success(let answer):
            if json { Output.line(Output.json(["next": answer.instants.map(\.description)])) } else { show(answer) }
        case .failure(let error):
            if json { Output.line(Output.json(["error": Output.object(error)])) } else { Output.error(error.message) }
            throw ExitCode(1)
        }
    }

    private func show(_ answer: NextQuery.Answer) {
        for notice in answer.schedule.notices { Output.error("note: \(notice)") }
        if answer.instants.isEmpty { Output.error(answer.schedule.neverFiresReason ?? "no further time") }
        for instant in answer.instants {
            let local = (try? ZoneCatalog.localTime(of: instant, in: answer.schedule.zone).text) ?? ""
            Output.line("\(instant)  \(local)  \(answer.schedule.zone)")
        }
    }
}

/// One question of `next`, from flags or from a line of a batch.
struct NextQuery {
    struct Answer {
        var schedule: Schedule
        var instants: [Instant]
    }

    var expression: String
    var zone = "UTC"
    var after: String?
    var count = 10
    var jobID: String?
    var dialect = "cronpp"
    var dstGap = "shift"
    var dstFold = "first"
    var allowPast = false
    var strictTime = false

    func answer() -> Result<Answer, ScheduleError> {
        do throws(ScheduleError) {
            let now = SystemClock().now
            let start: Instant = if let after { try Instant(rfc3339: after) } else { now }
            var options = Schedule.Options(timezone: zone)
            options.dialect = try choice(dialect, "dialect")
            options.dstGap = try choice(dstGap, "dst_gap")
            options.dstFold = try choice(dstFold, "dst_fold")
            options.jobID = jobID
            options.anchor = start
            options.now = start
            options.allowPast = allowPast
            options.strictTime = strictTime
            let schedule = try Schedule(expression, options: options)
            return .success(Answer(schedule: schedule, instants: schedule.upcoming(after: start, count: count)))
        } catch {
            return .failure(error)
        }
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String, _ field: String
    ) throws(ScheduleError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw ScheduleError(.syntax, "\"\(text)\" is not one of \(known)", field: field)
        }
        return choice
    }
}
