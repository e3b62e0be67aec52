import CronModel
import CronSchedule

/// What happened, in lines short enough to be read.
enum Story {
    static func line(_ answer: Any) -> String {
        switch answer {
        case let answer as PlanAnswer: "\(answer.planned) planned, \(line(answer.claims))"
        case let answer as ClaimAnswer: line(answer.claims)
        case let answers as [StartAnswer]: answers.map(line).joined(separator: ", ")
        case let changed as ChangedJob: line(changed.job.job)
        case let created as [Result<CreatedJob, StoreError>]: created.map(line).joined(separator: ", ")
        case let run as Run: line(run)
        default: String("\(answer)".prefix(200))
        }
    }

    private static func line(_ claims: [Claim]) -> String {
        claims.map { "\($0.token.runID) fence \($0.token.fence) due \($0.dueAt)" }.joined(separator: ", ")
    }

    private static func line(_ answer: StartAnswer) -> String {
        guard case .started(let context, let dueAt) = answer else { return answer.verdictName }
        return "\(context.runID) fence \(context.fence) of \(context.jobName) due \(dueAt)"
    }

    private static func line(_ result: Result<CreatedJob, StoreError>) -> String {
        switch result {
        case .success(let created): line(created.job.job)
        case .failure(let error): "\(error)"
        }
    }

    private static func line(_ job: Job) -> String {
        let policies = "\(job.definition.overlap.text) \(job.definition.misfire.mode) \(job.definition.delivery)"
        return "\(job.definition.name) \(job.id) \"\(job.definition.schedule)\" \(policies) \(job.state)"
            + " v\(job.version) cursor \(job.cursor)\(job.deletedAt == nil ? "" : " deleted")"
    }

    static func line(_ run: Run) -> String {
        let range = run.lastScheduledFor.map { "…\($0) " } ?? ""
        let path = run.events.map { "\($0.to.name)(\($0.reason.name) \($0.fence))" }.joined(separator: " ")
        return "\(run.origin) \(run.scheduledFor) \(range)due \(run.dueAt) \(path)"
    }
}
