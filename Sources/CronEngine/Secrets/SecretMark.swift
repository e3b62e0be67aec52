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
        let original = Array(text.utf8)
        var covered = [Bool](repeating: false, count: original.count)
        let needles = secrets.filter { $0.utf8.count >= shortestHidden }.flatMap { SecretForms.all(of: $0) }
        guard !needles.isEmpty, !original.isEmpty else { return text }
        let plain = EncodedText(original)
        cover(needles, of: plain, in: &covered)
        if let field = plain.withoutCSV() { cover(needles, of: field, in: &covered) }
        if let decoded = plain.withoutPercents() {
            // There a plus stands for a blank: both are taken for one.
            cover(needles.map(EncodedText.plusAsBlank), of: decoded, in: &covered)
        }
        guard covered.contains(true) else { return text }
        return String(decoding: marked(original, covered), as: UTF8.self)
    }

    /// In the text as it is, and without its layers of JSON.
    private static func cover(_ needles: [[UInt8]], of text: EncodedText, in covered: inout [Bool]) {
        var readings = [text]
        while readings.count <= layers, let inside = readings[readings.count - 1].withoutJSON() {
            readings.append(inside)
        }
        let patterns = SecretPatterns(needles, in: readings)
        for reading in readings { reading.cover(patterns, in: &covered) }
    }

    /// Whole characters only are replaced, a mark for each piece.
    private static func marked(_ original: [UInt8], _ covered: [Bool]) -> [UInt8] {
        var result: [UInt8] = []
        var isInside = false
        var start = 0
        while start < original.count {
            var end = start + 1
            while end < original.count, original[end] & 0b1100_0000 == 0b1000_0000 { end += 1 }
            let isHidden = covered[start..<end].contains(true)
            if isHidden, !isInside { result += Array(text.utf8) }
            if !isHidden { result += original[start..<end] }
            isInside = isHidden
            start = end
        }
        return result
    }
}
