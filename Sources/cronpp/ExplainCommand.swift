import ArgumentParser
import CronSchedule

/// `cronpp explain`: what a schedule means, in words.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say in plain English when a schedule fires.")

    @Flag(help: "Answer in JSON.") var json = false
    @Option(name: .customLong("tz"), help: "IANA time zone.") var zone = "UTC"
    @Option(help: "cronpp or quartz.") var dialect: String = "cronpp"
    @Option(help: "The job's id, for schedules with H.") var jobId: String?
    @Argument(help: "The schedule.") var expression: String

    func run() throws {
        let query = NextQuery(
            expression: expression, zone: zone, count: 0, jobID: jobId, dialect: dialect, allowPast: true)
        switch query.answer() {
        case .success(let answer):
            let text = answer.schedule.explanation()
            if json {
                Output.line(Output.json(["explanation": text, "notices": answer.schedule.notices]))
            } else {
                Output.line(text)
                for notice in answer.schedule.notices { Output.line("note: \(notice)") }
                if let reason = answer.schedule.neverFiresReason { Output.line("note: \(reason)") }
            }
        case .failure(let error):
            if json { Output.line(Output.json(["error": Output.object(error)])) } else { Output.error(error.message) }
            throw ExitCode(1)
        }
    }
}
