package import CronSchedule

/// What one attempt came to. A failing action is a value of this type, not a thrown error.
package struct Outcome: Hashable, Sendable {
    /// The attempt's outcome as the API names it.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case success
        case httpError = "http_error"
        case timeout
        case connectError = "connect_error"
        case tlsError = "tls_error"
        case sqlError = "sql_error"
        case smtpError = "smtp_error"
        case exitCode = "exit_code"
        case leaseLost = "lease_lost"
        case unknown
        case cancelled
        case shutdown
        case permanent
        case notSent = "not_sent"
    }

    /// Whether trying again could help.
    package enum Verdict: String, Codable, Sendable {
        case success
        case transient
        case permanent
    }

    /// How far the attempt's effect got, which decides whether an at-most-once run may be tried again.
    package enum Reach: String, Codable, Sendable {
        /// Nothing left this process.
        case nothingSent
        /// Something may have left and no answer was read.
        case maybeSent
        /// An answer was read.
        case answered
    }

    /// Kept bytes of output: enough to see what a receiver answered, small enough for a million attempts.
    package static let outputLimitBytes = 65_536
    package static let errorLimitBytes = 2_048
    package static let progressLimitBytes = 16_384

    package var kind: Kind
    package var verdict: Verdict
    package var reach: Reach
    package var httpStatus: Int?
    package var rows: Int?
    package var exitCode: Int?
    package var error: String?
    package var output: String?
    package var outputTruncated = false
    /// A wait the receiver asked for.
    package var retryAfter: Span?
    /// The receiver said that it is gone for good (410): the job is disabled.
    package var disablesJob = false
    /// The target's ledger says that no attempt of the run up to this one took effect, or can any more.
    package var hasTombstone = false
    /// `output` is a table, as CSV (RFC 4180).
    package var isTable = false
    /// How far the run has got, of an action that does its work in parts: handed to the next attempt, and read by nobody
    /// but the action. One longer than `progressLimitBytes` is not kept.
    package var progress: String?

    package init(
        kind: Kind, verdict: Verdict, reach: Reach, httpStatus: Int? = nil, error: String? = nil, output: String? = nil
    ) {
        self.kind = kind
        self.verdict = verdict
        self.reach = reach
        self.httpStatus = httpStatus
        self.error = error
        self.output = output
    }

    package static let success = Outcome(kind: .success, verdict: .success, reach: .answered)
}
