import CronModel
import CronSchedule

/// Runs the work of one attempt in one kind of database.
protocol SQLDriver: Sendable {
    func run(_ work: SQLWork, limits: SQLLimits) async throws(SQLFailure) -> SQLEnd
    /// Whether it can be reached and used.
    func test(limits: SQLLimits) async throws(SQLFailure) -> [String: JSONValue]
}

/// How long an attempt, and a statement of it, may take.
struct SQLLimits: Sendable {
    var total: Span
    var statement: Span
    var lock: Span
}

/// Why an attempt did not do what it should.
struct SQLFailure: Error, Hashable {
    enum Cause: Hashable, Sendable {
        case refused(SQLRefusal)
        /// No connection was had.
        case unreachable(isPermanent: Bool)
        /// The connection was lost, or its answer.
        case lost
        /// The database refused a statement.
        case statement(isPermanent: Bool)
        case outOfTime
        case cancelled
    }

    var cause: Cause
    var message: String
    /// How far the effect got. What was taken back in the end has not got anywhere.
    var reach: Outcome.Reach
}
