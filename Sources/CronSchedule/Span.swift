/// A length of time in whole microseconds. Arithmetic saturates; nothing traps.
public struct Span: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The length in microseconds; negative for a difference taken backwards.
    public var microseconds: Int64

    /// A length of `microseconds`.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Reads `500us` `500ms` `3s` `1h30m` `1w2d` or an ISO 8601 duration (`PT15M`, `P1DT12H`, `P2W`, `PT0.5S`).
    ///
    /// Days and weeks are 24 h and 168 h; months and years are refused, so is a bare number.
    /// - Throws: `ScheduleError` of kind `.duration` or `.tooLong`.
    public init(text: some StringProtocol) throws(ScheduleError) {
        self = try DurationText.read(Array(text.utf8))
    }

    public static let zero = Span(microseconds: 0)
    public static func microseconds(_ count: Int64) -> Span { Span(microseconds: count) }
    public static func milliseconds(_ count: Int64) -> Span { Span(count, unit: 1_000) }
    public static func seconds(_ count: Int64) -> Span { Span(count, unit: 1_000_000) }
    public static func minutes(_ count: Int64) -> Span { Span(count, unit: 60_000_000) }
    public static func hours(_ count: Int64) -> Span { Span(count, unit: 3_600_000_000) }
    public static func days(_ count: Int64) -> Span { Span(count, unit: 86_400_000_000) }

    private init(_ count: Int64, unit: Int64) {
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        microseconds = overflow ? (count < 0 ? .min : .max) : product
    }

    /// Canonical text such as `1h30m`, `500ms`, `0s`; whole weeks are `2w`, everything else counts days.
    public var description: String { DurationText.canonical(self) }

    public static func < (left: Span, right: Span) -> Bool { left.microseconds < right.microseconds }

    public static func + (left: Span, right: Span) -> Span {
        Span(microseconds: saturatingSum(left.microseconds, right.microseconds))
    }

    public static func - (left: Span, right: Span) -> Span {
        Span(microseconds: saturatingDifference(left.microseconds, right.microseconds))
    }

    /// Decodes the text of `init(text:)`; a negative length has no text form and is refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(ScheduleError) {
            try self.init(text: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    /// Encodes `description`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

func saturatingSum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? (right < 0 ? .min : .max) : sum
}

func saturatingDifference(_ left: Int64, _ right: Int64) -> Int64 {
    let (difference, overflow) = left.subtractingReportingOverflow(right)
    return overflow ? (right < 0 ? .max : .min) : difference
}
