/// Text of users, receivers and programs in a page: what cannot be seen, or changes how the rest is read, becomes a mark.
enum ShownText {
    /// Output as it was written, with its line breaks.
    static func output(_ text: String) -> String { marked(withoutEscapes(text), keepingBreaks: true) }

    /// One line.
    static func line(_ text: String) -> String { marked(text, keepingBreaks: false) }

    private static func marked(_ text: String, keepingBreaks: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A where keepingBreaks, 0x09 where keepingBreaks: result.append(scalar)
            case 0x0D where keepingBreaks: continue
            case 0x00...0x1F: result.append(scalar.picture)
            case 0x7F: result.append("\u{2421}")
            case 0x80...0x9F, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// Without the escape sequences by which programs colour terminals (ECMA-48: CSI and OSC).
    private static func withoutEscapes(_ text: String) -> String {
        guard text.unicodeScalars.contains("\u{1B}") else { return text }
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\u{1B}" else {
                result.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "[": while let next = rest.popFirst(), !(0x40...0x7E).contains(next.value) {}
            case "]": while let next = rest.popFirst(), next != "\u{07}", next != "\u{1B}" {}
            default: break
            }
        }
        return String(result)
    }
}

extension Unicode.Scalar {
    /// The picture of a control character (U+2400…).
    fileprivate var picture: Unicode.Scalar {
        Unicode.Scalar(0x2400 + value) ?? "\u{FFFD}"
    }
}
