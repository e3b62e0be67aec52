import CronModel
import CronSchedule

/// Tells people something: a message by channels of the space, to each recipient one. What was accepted stays so: the next
/// attempt sends the rest.
struct AlertAction: ActionRunner {
    /// Messages of one attempt under way at once.
    static let atOnce = 4

    let type = "alert"
    let secretFields: Set<String> = []
    let references: [String: Resource.Kind] = [
        "channel": .channel, "channels": .channel, "attach.connection": .connection,
    ]
    let schema = AlertDefinition.schema

    private let sender: ChannelSender
    private let databases: Databases

    init(sender: ChannelSender, databases: Databases) {
        self.sender = sender
        self.databases = databases
    }

    func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        FieldProblems.found { () throws(FieldProblems) in _ = try AlertDefinition(definition) }
    }

    func run(_ attempt: AttemptContext) async -> Outcome {
        var work: AlertWork
        do {
            work = try AlertWork(try AlertDefinition(attempt.action), attempt, addresses: sender.hosts.addresses)
        } catch let error as FieldProblems {
            return .refused(error.all)
        } catch {
            return .failedTemplate(error)
        }
        let report = AlertReport(work.postings, progress: AlertProgress(attempt))
        if let query = work.query, !report.open.isEmpty {
            switch await query.ask(databases, for: attempt) {
            case .failed(let outcome): return outcome
            // Whoever got nothing from an earlier attempt still waits for what others have got.
            case .table(let table) where table.rows == 0 && query.skipsEmpty && !report.goesOn: return .nothingToTell
            case .table(let table): work.table = table
            }
        }
        return await send(work, report)
    }

    private func send(_ work: AlertWork, _ open: AlertReport) async -> Outcome {
        var report = open
        var health: [String: ChannelHealth] = [:]
        await withTaskGroup(of: (index: Int, outcome: Outcome).self) { group in
            var waiting = report.open[...]
            var underWay = 0
            while true {
                while underWay < Self.atOnce, !Task.isCancelled, let index = waiting.popFirst() {
                    if let end = health[work.postings[index].channel]?.end {
                        report.end(index, .leftOut(after: end))
                        continue
                    }
                    underWay += 1
                    group.addTask { (index, await post(index, of: work)) }
                }
                guard let ended = await group.next() else { break }
                underWay -= 1
                report.end(ended.index, ended.outcome)
                health[work.postings[ended.index].channel, default: ChannelHealth()].hear(ended.outcome)
            }
        }
        return report.outcome(isCancelled: Task.isCancelled)
    }

    /// Made ready only now: a thousand messages with attachments would fill a node's memory.
    private func post(_ index: Int, of work: AlertWork) async -> Outcome {
        let posting = work.postings[index]
        switch work.channels[posting.channel] {
        case .success(let channel)?:
            do throws(TemplateValues.Missing) {
                let message = try work.message(for: posting, at: sender.now())
                return await sender.send(
                    message, by: channel, for: posting.recipient?.address, of: work.attempt.userID,
                    hiding: work.attempt.hiding)
            } catch {
                return .refused(error.message)
            }
        case .failure(let invalid)?: return .refused(invalid.all)
        case nil: return .refused("there is no channel \"\(posting.channel)\"")
        }
    }
}

extension Outcome {
    /// The query answered nothing, and that is nothing to write about.
    fileprivate static var nothingToTell: Outcome {
        var outcome = Outcome.success
        outcome.output = "the query answered no row; nothing was sent"
        return outcome
    }

    /// A message that was not tried, since its channel had failed before it.
    fileprivate static func leftOut(after end: Outcome) -> Outcome {
        var outcome = Outcome(
            kind: .notSent, verdict: end.verdict, reach: .nothingSent, error: "left out, since the channel failed")
        outcome.retryAfter = end.retryAfter
        return outcome
    }
}
