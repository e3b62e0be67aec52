import CronModel
import Foundation

/// Header fields whose text is anybody's: folded, and encoded where it is not plain ASCII (RFC 2047, RFC 2231).
enum HeaderText {
    private static let longestLine = 78
    /// Of a line with an encoded word, and of the word (RFC 2047 §2).
    private static let longestEncodedLine = 76
    private static let longestWord = 75
    private static let wordStart = "=?UTF-8?B?"
    private static let wordEnd = "?="

    static func unstructured(_ field: String, _ text: String) -> String {
        let isPlain =
            isPlain(text) && field.count + 2 + text.utf8.count <= longestLine && text.first != " " && text.last != " "
        return isPlain ? "\(field): \(text)" : "\(field): \(encoded(text, column: field.count + 2))"
    }

    /// Text that needs no encoding and may begin on a line of its own.
    static func whole(_ field: String, _ text: String) -> String {
        field.count + 2 + text.utf8.count <= longestLine ? "\(field): \(text)" : "\(field):\r\n \(text)"
    }

    static func mailbox(_ field: String, _ mailbox: Mailbox) -> String {
        guard let name = mailbox.name else { return whole(field, mailbox.address) }
        return "\(field): \(phrase(name, column: field.count + 2))\r\n <\(mailbox.address)>"
    }

    /// Parameters of Content-Disposition.
    static func fileName(_ name: String) -> String {
        if isPlain(name), name.utf8.count < 60 { return "\r\n filename=\"\(quoted(name))\"" }
        let escaped = name.utf8.map { byte in isAttribute(byte) ? [byte] : QuotedPrintable.escaped(byte, by: "%") }
        return sections(escaped).enumerated().map { number, section in
            "\r\n filename*\(number)*=\(number == 0 ? "UTF-8''" : "")\(section)"
        }.joined(separator: ";")
    }

    private static func phrase(_ name: String, column: Int) -> String {
        guard isPlain(name), column + name.utf8.count + 2 <= longestLine / 2 else {
            return encoded(name, column: column)
        }
        return "\"\(quoted(name))\""
    }

    private static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    /// Printable ASCII that nobody takes for an encoded word.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.contains("=?")
    }

    /// Encoded words, each of whole characters, on lines of their own but for the first.
    private static func encoded(_ text: String, column: Int) -> String {
        var words: [String] = []
        var word: [UInt8] = []
        var room = bytes(in: longestEncodedLine - column)
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if word.count + bytes.count > room, !word.isEmpty {
                words.append(wordStart + Data(word).base64EncodedString() + wordEnd)
                word = []
                room = Self.bytes(in: longestEncodedLine - 1)
            }
            word += bytes
        }
        words.append(wordStart + Data(word).base64EncodedString() + wordEnd)
        return words.joined(separator: "\r\n ")
    }

    /// How many bytes an encoded word of so many characters holds.
    private static func bytes(in characters: Int) -> Int {
        (min(characters, longestWord) - wordStart.count - wordEnd.count) / 4 * 3
    }

    /// RFC 5987's attr-char.
    private static func isAttribute(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$&+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func sections(_ escaped: [[UInt8]]) -> [String] {
        var sections: [[UInt8]] = [[]]
        for piece in escaped {
            if sections[sections.count - 1].count + piece.count > 50 { sections.append([]) }
            sections[sections.count - 1] += piece
        }
        return sections.map { String(decoding: $0, as: UTF8.self) }
    }
}
