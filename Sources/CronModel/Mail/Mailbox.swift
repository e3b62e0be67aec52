/// Whom a mail is from or for: an address, perhaps with a name.
package struct Mailbox: Hashable, Sendable {
    /// Of a name, in bytes.
    package static let nameLimit = 200

    package let name: String?
    package let address: String

    /// - Throws: `MailProblem` when the address is none or the name holds control characters.
    package init(name: String? = nil, address: String) throws(MailProblem) {
        guard EmailAddress.isValid(address) else { throw MailProblem("\"\(address.prefix(80))\" is no email address") }
        let name = name.flatMap { $0.isEmpty ? nil : $0 }
        if let name {
            guard name.utf8.count <= Self.nameLimit else {
                throw MailProblem("the name is \(name.utf8.count) bytes long; the limit is \(Self.nameLimit)")
            }
            guard name.isOneLine else { throw MailProblem("the name holds a control character") }
        }
        self.name = name
        self.address = address
    }

    /// Reads `ops@example.com` or `Cron++ <ops@example.com>`.
    package init(text: String) throws(MailProblem) {
        let text = text.trimmed
        guard text.hasSuffix(">"), let start = text.lastIndex(of: "<") else {
            try self.init(address: text)
            return
        }
        var name = String(text[..<start]).trimmed
        if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") { name = String(name.dropFirst().dropLast()) }
        try self.init(name: name, address: String(text[text.index(after: start)...].dropLast()))
    }

    /// What follows the address's `@`.
    package var domain: String { String(address.drop { $0 != "@" }.dropFirst()) }
}

/// Why something cannot be mailed.
package struct MailProblem: Error, Hashable, Sendable {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }
}

extension String {
    /// Whether it has no control character, a line's end among them.
    package var isOneLine: Bool {
        !unicodeScalars.contains {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || [0x2028, 0x2029].contains($0.value)
        }
    }

    fileprivate var trimmed: String {
        let blanks: Set<Character> = [" ", "\t"]
        let start = drop { blanks.contains($0) }
        return String(start.reversed().drop { blanks.contains($0) }.reversed())
    }
}
