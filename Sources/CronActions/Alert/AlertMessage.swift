import CronModel
import CronSchedule

/// How much a message matters.
enum AlertSeverity: String, CaseIterable, Sendable {
    case info, warning, error, critical
}

/// What is to be told, whoever tells it. One message is for one place or person.
struct AlertMessage: Hashable, Sendable {
    static let titleLimitBytes = 400

    /// The same for the same message, however often it is sent, so that a receiver may know it again.
    let id: String
    /// On one line.
    let title: String
    let text: String
    /// The same for programs that show HTML.
    var html: String?
    var severity = AlertSeverity.info
    /// Tells one problem from another: what is said of the same one has the same.
    let problem: String
    /// The problem is over.
    var isResolved = false
    var attachment: MailAttachment?
    let sentAt: Instant
    /// What it is about, for programs.
    var facts: [String: JSONValue] = [:]

    /// - Parameter title: made fit for one line, and cut to `titleLimitBytes`.
    init(id: String, title: String, text: String, problem: String, sentAt: Instant) {
        self.id = id
        let line = String(title.map { String($0).isOneLine ? $0 : " " })
        self.title = CutText.fitting(line, Self.titleLimitBytes, size: CutText.bytes)
        self.text = text
        self.problem = problem
        self.sentAt = sentAt
    }

    /// The title, and before it what it would be too late to read behind it.
    var heading: String {
        if isResolved { return "[RESOLVED] \(title)" }
        return severity == .info ? title : "[\(severity.rawValue.uppercased())] \(title)"
    }
}
