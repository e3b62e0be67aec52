package import CronSchedule

/// Giving notices to whoever tells them, and hearing what came of it.
extension Watch {
    /// What is to be told now. Of one problem nothing is told before what comes first has arrived: nobody is to hear of an
    /// end before its beginning.
    package mutating func take(now: Instant, atMost limit: Int) -> [Notice] {
        var taken: [Notice] = []
        var begun: Set<NoticeID> = []
        for index in notices.indices {
            guard begun.insert(notices[index].problem).inserted, notices[index].dueAt <= now, taken.count < limit else {
                continue
            }
            notices[index].attempt += 1
            notices[index].dueAt = now + Notice.lease
            taken.append(notices[index])
        }
        return taken
    }

    package mutating func settle(_ result: NoticeResult, now: Instant) {
        guard let index = notices.firstIndex(where: { $0.id == result.notice.id }) else { return }
        let (notice, outcome) = (notices[index], result.outcome)
        // Whoever has it now says what comes of it, unless it has arrived already.
        guard outcome.verdict == .success || notice.attempt == result.notice.attempt else { return }
        let wait = notice.wait(asked: outcome.retryAfter)
        if outcome.verdict == .success {
            notices.remove(at: index)
        } else if outcome.verdict == .permanent || now + wait > notice.createdAt + Notice.longestTrying {
            let mayHaveArrived = outcome.reach == .maybeSent || (outcome.progress ?? notice.progress) != nil
            giveUp(index, mayHaveArrived: mayHaveArrived)
            lastFailure = outcome.error ?? outcome.kind.rawValue
        } else {
            notices[index].dueAt = now + wait
            notices[index].progress = outcome.progress ?? notice.progress
        }
    }

    /// Beyond the limit the oldest are given up.
    mutating func add(_ notice: Notice) {
        notices.append(notice)
        while notices.count > Self.noticeLimit {
            giveUp(0, mayHaveArrived: notices[0].attempt > 0)
            lastFailure = "more than \(Self.noticeLimit) notices were waiting"
        }
    }

    /// Of a problem whose beginning has reached nobody the end is not told either.
    private mutating func giveUp(_ index: Int, mayHaveArrived: Bool) {
        let notice = notices.remove(at: index)
        guard !notice.isResolved, !mayHaveArrived else { return }
        notices.removeAll { $0.problem == notice.problem }
        if problems[notice.rule]?.id == notice.problem { problems[notice.rule]?.isUntold = true }
    }

    /// When somebody must see to it: to judge it, or to tell what may be told.
    package var checkAt: Instant? {
        var begun: Set<NoticeID> = []
        let next = notices.filter { begun.insert($0.problem).inserted }.map(\.dueAt).min()
        return [judgeAt, next].compactMap { $0 }.min()
    }
}

extension Notice {
    /// The notice as an attempt of an alert: whatever an alert does about channels, secrets and repeats, it does here too.
    package var context: AttemptContext {
        let texts = ["title": title, "message": text, "problem": "\(problem)"]
        var context = AttemptContext(
            runID: RunID(high: id.high, low: id.low), jobID: jobID, userID: userID, jobName: jobName,
            scheduledFor: createdAt, zone: "", attempt: attempt, fence: 0,
            action: ActionDefinition(
                type: "alert",
                fields: [
                    "channels": .array(channels.map { .string($0) }), "title": .string("{{payload.title}}"),
                    "message": .string("{{payload.message}}"), "problem": .string("{{payload.problem}}"),
                    "severity": .string(severity), "resolve": .bool(isResolved),
                ]),
            payload: .object(texts.mapValues { .string($0) }), timeout: Self.timeout, delivery: .atLeastOnce)
        context.progress = progress
        context.about = [
            "rule": .string(rule.rawValue), "problem_id": .string("\(problem)"),
            "run_id": run.map { .string("\($0)") } ?? .null, "scheduled_for": .null,
        ]
        return context
    }

    private var severity: String {
        if isResolved { return "info" }
        return switch rule {
        case .firstFailure, .startWithin, .finishBy: "warning"
        case .dead, .disabled: "error"
        case .maxSilence: "critical"
        }
    }
}
