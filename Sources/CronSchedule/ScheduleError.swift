/// Why a text was refused: one line, a kind, the field and the 1-based column (Docs/schedules.md §7).
public struct ScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The sort of problem, stable for programs to switch on.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// A character or an item that the grammar does not have.
        case syntax
        /// A number, name, step or range outside what its field allows.
        case range
        /// Too few or too many fields.
        case fieldCount = "field_count"
        /// An `@word` that does not exist.
        case macro
        /// A zone id that is empty, malformed or unknown.
        case zone
        /// A length of time that cannot be read or is out of bounds.
        case duration
        /// A date or time of day that cannot be read or does not exist in the calendar.
        case timestamp
        /// A one-shot time earlier than `Options.now`.
        case past
        /// A one-shot wall-clock time skipped by a clock change.
        case gap
        /// A one-shot wall-clock time that occurs twice.
        case fold
        /// `H` without a job id.
        case jobID = "job_id"
        /// The text is longer than `Schedule.maxTextBytes`.
        case tooLong = "too_long"
        /// A valid schedule without a single run.
        case neverFires = "never_fires"
    }

    /// The sort of problem.
    public let kind: Kind
    /// One line for people, with column and hint in it.
    public let message: String
    /// The field's name (`minute`, `day-of-month`, …), when one is at fault.
    public let field: String?
    /// 1-based column of the offending character in the text as given, prefix and blanks counted.
    public let column: Int?
    /// What to write instead, when that is known.
    public let hint: String?

    /// Composes `message` as "problem (column n); hint".
    public init(_ kind: Kind, _ problem: String, field: String? = nil, column: Int? = nil, hint: String? = nil) {
        self.kind = kind
        self.field = field
        self.column = column
        self.hint = hint
        var line = problem
        if let column { line += " (column \(column))" }
        if let hint { line += "; \(hint)" }
        message = line
    }

    public var description: String { message }

    /// Longest piece of the user's text repeated in a message, in bytes.
    static let maxQuotedBytes = 40

    /// The user's text in quotes: shortened, and printable ASCII only, so that a message stays one line.
    static func quoted(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        for byte in bytes.prefix(maxQuotedBytes) {
            text.unicodeScalars.append(Unicode.Scalar((0x20..<0x7f).contains(byte) ? byte : UInt8(ascii: "?")))
        }
        return bytes.count > maxQuotedBytes ? "\"\(text)...\"" : "\"\(text)\""
    }
}
