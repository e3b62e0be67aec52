import CronModel
import CronSchedule

/// T3.
extension WriteSession {
    func start(_ request: StartRequest) throws -> [StartAnswer] {
        var answers = [StartAnswer](repeating: .stale, count: request.tokens.count)
        for (index, run) in try oldestFirst(request.tokens) {
            answers[index] = try start(run, fence: request.tokens[index].fence, request)
        }
        return answers
    }

    /// Of several runs of a job in one batch the oldest is asked first: it is the one that starts.
    private func oldestFirst(_ tokens: [ClaimToken]) throws -> [(Int, Run)] {
        var runs: [(Int, Run)] = []
        runs.reserveCapacity(tokens.count)
        for (index, token) in tokens.enumerated() {
            if let run = try run(token.runID) { runs.append((index, run)) }
        }
        runs.sort { left, right in
            (left.1.dueAt, left.1.scheduledFor, left.1.id) < (right.1.dueAt, right.1.scheduledFor, right.1.id)
        }
        return runs
    }

    private func start(_ found: Run, fence: Int64, _ request: StartRequest) throws -> StartAnswer {
        var run = found
        let job = try job(of: run)
        var cancelOther = false
        let verdict = try StartRule.start(
            &run, job: job, node: request.node, fence: fence, around: try surroundings(of: run, job: job),
            early: request.early, now: now, cancelOther: &cancelOther)
        switch verdict {
        case .started:
            if let earlier = found.current, earlier.number != run.attempt {
                try archive(earlier, of: run.id, replacing: false)
            }
            try saveStarted(run)
            return .started(AttemptContext(run, job: job), dueAt: run.dueAt)
        case .putBack(let until):
            return .putBack(until: until)
        case .parked:
            try save(run)
            if cancelOther { try requestCancel(of: run.overlapKey) }
            return .parked
        case .skipped:
            try save(run)
            try finishIfDone(job)
            return .skipped
        case .stale:
            return .stale
        }
    }

    private func surroundings(of run: Run, job: Job) throws -> StartRule.Surroundings {
        var around = StartRule.Surroundings(running: 0, parked: 0, isHeld: heldJobs.contains(job.id))
        if job.definition.overlap == .allow, job.definition.maxConcurrent == nil { return around }
        around.running = claimed.runningCount(run.overlapKey)
        if case .queue = job.definition.overlap, around.running > 0 {
            around.parked =
                try statement("SELECT count(*) FROM runs WHERE blocked_on = ?").bind(run.overlapKey.text)
                .first { Int($0.int(0)) } ?? 0
        }
        return around
    }

    private func requestCancel(of key: OverlapKey) throws {
        for var run in claimed.running(key) where !run.cancelRequested {
            try PersonRule.cancel(&run, reason: .overlap, now: now)
            try save(run)
        }
    }
}
