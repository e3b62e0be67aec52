/// What is shown in place of a secret.
enum SecretMark {
    static let text = "********"
    /// Shorter values would be found everywhere, and are no secrets.
    static let shortestHidden = 4
    /// Of a longer secret each part of so many bytes is hidden: a text may have been cut within it.
    static let partBytes = 12
    /// A body that is JSON, in an answer that is JSON, as a text in a log that is JSON; and one more.
    static let layers = 4

    /// A text without the secrets: as they are, as they stand in JSON texts (one inside another), in a table that is CSV or in a
    /// URL, and as base64 or hexadecimal digits. Receivers answer errors with what they were sent, in these forms.
    static func hiding(_ secrets: [String], in text: String) -> String {
        let needles = SecretNeedles(secrets)
        let original = Array(text.utf8)
        guard !needles.isEmpty, !original.isEmpty else { return text }
        let covered = covered(in: original, by: needles.readings(of: original))
        guard covered.contains(true) else { return text }
        var isInside = false
        return String(decoding: marked(original[...], covered[...], &isInside), as: UTF8.self)
    }

    /// What of a text is not to be seen.
    static func covered(in original: [UInt8], by readings: [SecretReadings]) -> [Bool] {
        var covered = [Bool](repeating: false, count: original.count)
        for reading in readings {
            let patterns = SecretPatterns(reading.needles, in: reading.texts)
            for text in reading.texts { text.cover(patterns, in: &covered) }
        }
        return covered
    }

    /// Whole characters only are replaced, a mark for each piece.
    /// - Parameter isInside: whether what comes before these bytes has ended in a mark; then whether they do.
    static func marked(
        _ original: ArraySlice<UInt8>, _ covered: ArraySlice<Bool>, _ isInside: inout Bool
    ) -> [UInt8] {
        var result: [UInt8] = []
        var start = original.startIndex
        while start < original.endIndex {
            var end = start + 1
            while end < original.endIndex, original[end] & 0b1100_0000 == 0b1000_0000 { end += 1 }
            let isHidden = covered[start..<end].contains(true)
            if isHidden, !isInside { result += Array(text.utf8) }
            if !isHidden { result += original[start..<end] }
            isInside = isHidden
            start = end
        }
        return result
    }
}
