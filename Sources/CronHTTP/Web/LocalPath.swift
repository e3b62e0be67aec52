import CronModel

/// A path of this server to go on to, as a link or a form named it. Never another host: `//host`, `/\host` and what a browser
/// makes one of them by dropping characters are refused.
struct LocalPath: Hashable, Sendable {
    static let longest = 2_048
    static let home = LocalPath(known: "/")

    let text: String

    private init(known text: String) { self.text = text }

    init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.hasPrefix("/"), !text.hasPrefix("//") else { return nil }
        // Printable ASCII as in a request line; browsers read a backslash as a slash.
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else { return nil }
        self.text = text
    }

    /// As a query parameter's value.
    var encoded: String { PercentText.encoded(text) }
}

extension PercentText {
    /// Anything but letters, digits and `-._~` as `%XX`.
    static func encoded(_ text: String) -> String {
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(byte)
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
