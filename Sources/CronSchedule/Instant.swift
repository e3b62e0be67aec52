/// A point in time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct Instant: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var microseconds: Int64

    /// An instant `microseconds` after 1970-01-01T00:00:00Z.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// An instant `seconds` after 1970-01-01T00:00:00Z; saturates at the ends of the range.
    public init(seconds: Int64) { microseconds = Span.seconds(seconds).microseconds }

    /// Reads RFC 3339 with any offset; a blank or `t` may stand for `T`; fractions are cut to microseconds.
    ///
    /// - Throws: `ScheduleError` of kind `.timestamp` (no offset, no such date, leap second) or `.tooLong`.
    public init(rfc3339 text: some StringProtocol) throws(ScheduleError) {
        self = try TimestampText.readInstant(Array(text.utf8))
    }

    /// RFC 3339 in UTC with six fractional digits, `2026-02-01T09:00:00.000000Z`.
    ///
    /// Years outside 0000-9999 are written with a sign and six digits, which `init(rfc3339:)` reads back.
    public var description: String { TimestampText.canonical(self) }

    /// The whole second at or before this instant, in seconds since 1970-01-01T00:00:00Z.
    public var wholeSeconds: Int64 {
        let quotient = microseconds / 1_000_000
        return microseconds % 1_000_000 < 0 ? quotient - 1 : quotient
    }

    public static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

    /// Saturates at the ends of the range.
    public static func + (instant: Instant, span: Span) -> Instant {
        Instant(microseconds: saturatingSum(instant.microseconds, span.microseconds))
    }

    /// Saturates at the ends of the range.
    public static func - (instant: Instant, span: Span) -> Instant {
        Instant(microseconds: saturatingDifference(instant.microseconds, span.microseconds))
    }

    /// The length from `right` to `left`; saturates at the ends of the range.
    public static func - (left: Instant, right: Instant) -> Span {
        Span(microseconds: saturatingDifference(left.microseconds, right.microseconds))
    }

    /// Decodes the text of `init(rfc3339:)`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(ScheduleError) {
            try self.init(rfc3339: text)
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
