import Foundation

/// RFC 2045 §6.7: text in lines of at most 76 characters of ASCII.
enum QuotedPrintable {
    private static let longestLine = 76

    /// Ends with a line's end. Any of CR LF, CR and LF ends a line of the text.
    static func bytes(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        for line in lines(text) { append(line, to: &output) }
        return output
    }

    private static func lines(_ text: String) -> [ArraySlice<UInt8>] {
        let (cr, lf) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
        let bytes = Array(text.utf8)
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == cr || byte == lf {
            // The second of a pair ends what the first has ended.
            if byte == lf, index > 0, bytes[index - 1] == cr {
                start = index + 1
                continue
            }
            lines.append(bytes[start..<index])
            start = index + 1
        }
        if start < bytes.count || lines.isEmpty { lines.append(bytes[start...]) }
        return lines
    }

    private static func append(_ line: ArraySlice<UInt8>, to output: inout [UInt8]) {
        var column = 0
        for (offset, byte) in line.enumerated() {
            let isLast = offset == line.count - 1
            let word = word(byte, isLast: isLast)
            // The last column is the soft break's, which the last word of a line does not need.
            if column + word.count > (isLast ? longestLine : longestLine - 1) {
                output += Array("=\r\n".utf8)
                column = 0
            }
            output += word
            column += word.count
        }
        output += [0x0D, 0x0A]
    }

    private static func word(_ byte: UInt8, isLast: Bool) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "="): Self.escaped(byte)
        // A blank that ends a line would be lost.
        case 0x20, 0x09: isLast ? Self.escaped(byte) : [byte]
        case 0x21...0x7E: [byte]
        default: Self.escaped(byte)
        }
    }

    static func escaped(_ byte: UInt8, by mark: Character = "=") -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return Array(String(mark).utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
    }
}

/// RFC 2045 §6.8: base64 in lines of 76 characters.
enum Base64Lines {
    private static let bytesPerLine = 57

    static func bytes(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count / 57 * 78 + 78)
        for start in stride(from: 0, to: bytes.count, by: bytesPerLine) {
            output += Data(bytes[start..<min(start + bytesPerLine, bytes.count)]).base64EncodedData()
            output += [0x0D, 0x0A]
        }
        return output
    }
}
