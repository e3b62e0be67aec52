import CronModel
import CronSchedule

/// What a database is asked for an alert's attachment. Each attempt asks once, before its first message, so that everybody
/// to whom it writes gets the same.
struct AlertQuery: Sendable {
    /// Rows of one attachment; its bytes are `AlertWork.maxAttachmentBytes`. Of a longer table nothing is sent: part of a
    /// report looks like all of it.
    static let maxRows = 20_000

    let connection: String
    let statement: SQLDefinition.Statement
    let skipsEmpty: Bool

    enum Answer: Sendable {
        case table(AlertTable)
        /// No message can go out.
        case failed(Outcome)
    }

    func ask(_ databases: Databases, for attempt: AttemptContext) async -> Answer {
        let connection: ConnectionDefinition
        let bound: BoundStatement
        do {
            guard let fields = attempt.settings[.connection, self.connection] else {
                return .failed(.refused("there is no connection \"\(self.connection)\""))
            }
            connection = try databases.definition(fields)
            var room = SQLDefinition.maxValueBytes
            bound = try statement.bound(with: TemplateValues(attempt: attempt), room: &room)
        } catch let error as FieldProblems {
            return .failed(.refused(error.all))
        } catch {
            return .failed(.failedTemplate(error))
        }
        let work = SQLWork(
            purpose: .read, token: ClaimToken(runID: attempt.runID, fence: attempt.fence), statements: [bound],
            usesTransaction: true, keepsLedger: false, maxRows: Self.maxRows, maxBytes: AlertWork.maxAttachmentBytes)
        let limits = SQLLimits(
            total: attempt.timeout, statement: attempt.timeout,
            lock: min(SQLDefinition.standardLockTimeout, attempt.timeout))
        let end = await databases.run(
            work, on: connection, named: self.connection, of: attempt.userID, limits: limits)
        switch end {
        case nil: return .failed(.cancelled(.nothingSent))
        case .failure(let failure)?: return .failed(Outcome(failure, hiding: attempt.hiding).ofAttachment)
        case .success(let end)?: return Self.answer(end)
        }
    }

    private static func answer(_ end: SQLEnd) -> Answer {
        guard case .done(let report) = end, let csv = report.table else {
            return .failed(.refused("attach: the statement answers no table"))
        }
        guard !report.isCut else {
            let limits = "\(maxRows) rows and \(AlertWork.maxAttachmentBytes) bytes"
            return .failed(.refused("attach: the table has \(report.rows) rows; \(limits) are the limits, and nothing was sent"))
        }
        return .table(AlertTable(bytes: Array(csv.utf8), rows: report.rows))
    }
}

/// What a database answered, ready to be attached.
struct AlertTable: Sendable {
    let bytes: [UInt8]
    let rows: Int
}

extension Outcome {
    fileprivate var ofAttachment: Outcome {
        var outcome = self
        outcome.error = error.map { BoundedText.message("attach: \($0)") }
        return outcome
    }
}
