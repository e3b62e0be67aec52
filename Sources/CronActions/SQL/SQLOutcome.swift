import CronModel

extension Outcome {
    init(_ end: SQLEnd, of work: SQLWork) {
        switch end {
        case .done(let report):
            self = .success
            take(report)
        case .buried:
            self.init(
                kind: .sqlError, verdict: .permanent, reach: .nothingSent,
                error: "no attempt took effect, and none can any more: \(SQLLedger.table) holds a tombstone for the run")
            hasTombstone = true
        }
    }

    /// - Parameter hiding: takes secrets out of what the server says, before any of it is cut.
    init(_ failure: SQLFailure, hiding: (String) -> String) {
        if case .refused(.dryRun(let report)) = failure.cause {
            self = .success
            take(report)
            return
        }
        self.init(kind: failure.kind, verdict: failure.verdict, reach: failure.reach)
        error = BoundedText.message(hiding(failure.message))
    }

    private mutating func take(_ report: SQLReport) {
        if let fence = report.earlierFence {
            output = "an earlier attempt, with the fence \(fence), had taken effect; nothing was done again"
            return
        }
        rows = report.rows
        output = report.table
        isTable = report.table != nil
        outputTruncated = report.isCut
    }
}

extension SQLFailure {
    fileprivate var kind: Outcome.Kind {
        switch cause {
        case .refused, .statement: .sqlError
        case .unreachable: .connectError
        case .lost: reach == .maybeSent ? .unknown : .connectError
        case .outOfTime: .timeout
        case .cancelled: .cancelled
        }
    }

    fileprivate var verdict: Outcome.Verdict {
        switch cause {
        case .refused: .permanent
        case .unreachable(let isPermanent), .statement(let isPermanent): isPermanent ? .permanent : .transient
        case .lost, .outOfTime, .cancelled: .transient
        }
    }

    init(_ refusal: SQLRefusal) {
        self.init(cause: .refused(refusal), message: refusal.message, reach: .nothingSent)
    }
}

extension SQLRefusal {
    fileprivate var message: String {
        switch self {
        case .ownDatabase: "the database holds Cron++'s own tables; actions may not use it"
        case .rowCount(let statement, let expected, let found):
            "statement \(statement + 1): \(expected.text) expected, \(found) found; everything was taken back"
        case .endedTransaction(let statement): "statement \(statement + 1) ended the transaction"
        case .change(let statement): "statement \(statement + 1) changes rows, and may only read; everything was taken back"
        case .superseded(let fence): "a later decision about this run, with the fence \(fence), stands in \(SQLLedger.table)"
        case .noLedger(let reason):
            "\(reason); let somebody who may do so run: \(SQLLedger.createOnOneLine)"
        case .dryRun: "a dry run"
        }
    }
}
