import CronModel
import Foundation

/// A secret as others may write it.
enum SecretForms {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Itself; and where a message is encoded as a whole, what becomes of it there, in a JSON message as a text of JSON.
    static func all(of secret: String) -> [[UInt8]] {
        let bytes = Array(secret.utf8)
        let quoted = Array(JSONWriter.text(.string(secret)).utf8.dropFirst().dropLast())
        return [bytes]
            + (quoted == bytes ? [bytes] : [bytes, quoted]).flatMap { inside in
                hexadecimal(inside) + (0..<3).flatMap { base64(inside, after: $0) }
            }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> [[UInt8]] {
        let small = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xF)]] }
        return [small, small.map { $0 >= UInt8(ascii: "a") ? $0 - 32 : $0 }]
    }

    /// As it stands inside of what is encoded together with bytes before it: the characters that depend on nothing else.
    private static func base64(_ bytes: [UInt8], after shift: Int) -> [[UInt8]] {
        let encoded = Array(Data([UInt8](repeating: 0, count: shift) + bytes).base64EncodedString().utf8)
        let inside = Array(encoded[(shift * 8 + 5) / 6..<(shift + bytes.count) * 8 / 6])
        let forURLs = inside.map { byte in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: byte
            }
        }
        return inside == forURLs ? [inside] : [inside, forURLs]
    }
}
