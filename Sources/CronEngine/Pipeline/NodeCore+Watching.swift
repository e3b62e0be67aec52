package import CronModel
package import CronSchedule

extension NodeCore {
    /// What people who watch are told of what happened; asked before `handle` lets go of runs that have ended.
    package func told(of event: EngineEvent, now: Instant) -> EventBatch {
        switch event {
        case .started(_, .success(let answers), _):
            EventBatch(
                answers.compactMap { answer in
                    guard case .started(let context, _) = answer else { return nil }
                    return LiveEvent(
                        owner: context.userID, jobID: context.jobID, .run(context.runID, .running), at: now)
                })
        case .finished(let batch, .success(let answers)):
            told(of: batch, answers, now: now)
        default:
            EventBatch()
        }
    }

    private func told(of batch: [Finish], _ answers: [FinishAnswer], now: Instant) -> EventBatch {
        var events: [LiveEvent] = []
        var unknown: [UserID] = []
        events.reserveCapacity(batch.count)
        for (finish, answer) in zip(batch, answers) {
            guard let (owner, job) = holder(of: finish.token) else { continue }
            switch answer {
            case .applied(let status, _):
                events.append(LiveEvent(owner: owner, jobID: job, .run(finish.token.runID, status), at: now))
            // Applied before, with an answer that was lost and with it the status.
            case .repeated: unknown.append(owner)
            case .superseded: break
            }
        }
        var told = EventBatch(events)
        for owner in unknown { told.addGap(of: owner) }
        return told
    }
}
