import CronSchedule

/// The wait that a receiver asks for in `Retry-After` (RFC 9110 §10.2.3).
enum RetryAfter {
    /// Reads seconds or an IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT`; zero for a
    /// date that has passed, nil for anything else. The two date forms that are obsolete since 1997 are not read.
    static func wait(_ text: String, now: Instant) -> Span? {
        let value = text.drop { $0 == " " }
        if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // Digits beyond Int64 ask for ever; the policy clamps the wait.
            return .seconds(Int64(value) ?? .max)
        }
        return fixdate(value).map { max(.zero, $0 - now) }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func fixdate(_ text: Substring) -> Instant? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT",
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return try? Instant(rfc3339: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }
}
