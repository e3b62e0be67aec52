/// As much of PEM (RFC 7468) and of key formats as is needed to say what is wrong with them.
enum PEM {
    /// What the blocks of a text call themselves, such as `CERTIFICATE`.
    static func labels(in text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            guard line.hasPrefix("-----BEGIN "), let end = line.dropFirst(11).firstRange(of: "-----") else {
                return nil
            }
            return String(line.dropFirst(11)[..<end.lowerBound])
        }
    }

    /// Whether a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) is of an RSA or EC key.
    static func isRSAOrEC(_ keyInfo: [UInt8]) -> Bool {
        let rsa: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]
        let ec: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        // The algorithm's identifier comes first, behind two headers of at most 6 bytes each.
        let start = keyInfo.prefix(24)
        return start.contains(rsa) || start.contains(ec)
    }
}
