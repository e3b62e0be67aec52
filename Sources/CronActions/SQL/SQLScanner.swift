/// Reads a text of SQL as one kind of database does, byte by byte, as far as it takes to see how a statement begins and
/// where it ends.
struct SQLScanner {
    enum Dialect: CaseIterable {
        case postgres, sqlite
    }

    /// What cannot be told without the database: something is never closed, or means different things by its settings.
    private struct Unclear: Error {}

    private let dialect: Dialect
    private var rest: ArraySlice<UInt8>

    /// Whether the text holds more than one statement, whichever database reads it. False where that is not certain: the
    /// database then says so itself.
    static func holdsSeveral(_ text: String) -> Bool {
        Dialect.allCases.allSatisfy { dialect in
            var scanner = SQLScanner(dialect: dialect, rest: Array(text.utf8)[...])
            return (try? scanner.findsSecond()) ?? false
        }
    }

    /// The first two words in capitals, comments left out; nil where a comment is never closed. What is no word, such as the
    /// bracket before a SELECT, stands for itself.
    static func openingWords(of text: String, _ dialect: Dialect) -> [String]? {
        var scanner = SQLScanner(dialect: dialect, rest: Array(text.utf8)[...])
        var words: [String] = []
        do throws(Unclear) {
            while words.count < 2 {
                while try scanner.skipBlank() || scanner.skipSemicolon() {}
                guard let byte = scanner.rest.first else { break }
                let word = scanner.takeWord()
                words.append(word.isEmpty ? String(decoding: [byte], as: UTF8.self) : word)
                if word.isEmpty { break }
            }
        } catch {
            return nil
        }
        return words
    }

    private mutating func findsSecond() throws(Unclear) -> Bool {
        var hasBegun = false
        var hasEnded = false
        // Rules of PostgreSQL have several statements in brackets.
        var depth = 0
        while let byte = rest.first {
            if try skipBlank() { continue }
            if skipSemicolon() {
                hasEnded = hasEnded || hasBegun && depth == 0
                continue
            }
            if hasEnded { return true }
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            default: break
            }
            try skipToken(isFirst: !hasBegun)
            hasBegun = true
        }
        return false
    }
}

// MARK: - What lies between

extension SQLScanner {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private mutating func skipSemicolon() -> Bool {
        guard rest.first == UInt8(ascii: ";") else { return false }
        rest.removeFirst()
        return true
    }

    /// False when there was none.
    private mutating func skipBlank() throws(Unclear) -> Bool {
        if let byte = rest.first, byte == 0x20 || (0x09...0x0D).contains(byte) {
            rest.removeFirst()
            return true
        }
        if dialect == .sqlite, rest.starts(with: Self.byteOrderMark) {
            rest = rest.dropFirst(Self.byteOrderMark.count)
            return true
        }
        switch (rest.first, rest.dropFirst().first) {
        case (UInt8(ascii: "-")?, UInt8(ascii: "-")?):
            let isPostgres = dialect == .postgres
            rest = rest.drop { $0 != 0x0A && !(isPostgres && $0 == 0x0D) }
        case (UInt8(ascii: "/")?, UInt8(ascii: "*")?):
            try skipComment()
        default:
            return false
        }
        return true
    }

    /// PostgreSQL nests them.
    private mutating func skipComment() throws(Unclear) {
        var depth = 0
        repeat {
            switch (rest.first, rest.dropFirst().first) {
            case (UInt8(ascii: "/")?, UInt8(ascii: "*")?) where depth == 0 || dialect == .postgres:
                depth += 1
                rest = rest.dropFirst(2)
            case (UInt8(ascii: "*")?, UInt8(ascii: "/")?):
                depth -= 1
                rest = rest.dropFirst(2)
            case (nil, _): throw Unclear()
            default: rest.removeFirst()
            }
        } while depth > 0
    }
}

// MARK: - Tokens

extension SQLScanner {
    private mutating func skipToken(isFirst: Bool) throws(Unclear) {
        switch (rest.first, dialect) {
        case (UInt8(ascii: "'")?, _): try skipString(escapes: false)
        case (UInt8(ascii: "\"")?, _), (UInt8(ascii: "`")?, .sqlite): try skipName()
        case (UInt8(ascii: "[")?, .sqlite): try skip(past: [UInt8(ascii: "]")])
        case (UInt8(ascii: "$")?, .postgres): try skipDollar()
        case (let byte?, _) where Self.isWordByte(byte): try skipWord(isFirst: isFirst)
        default: rest = rest.dropFirst()
        }
    }

    /// In capitals; empty where there is none.
    private mutating func takeWord() -> String {
        let word = rest.prefix { Self.isWordByte($0) || $0 == UInt8(ascii: "$") }
        rest = rest[word.endIndex...]
        return String(decoding: word, as: UTF8.self).uppercased()
    }

    private mutating func skipWord(isFirst: Bool) throws(Unclear) {
        let name = takeWord()
        // The body of a trigger or a function follows, with statements of its own.
        if name == "BEGIN", !isFirst { throw Unclear() }
        if name == "E", dialect == .postgres, rest.first == UInt8(ascii: "'") { try skipString(escapes: true) }
    }

    /// - Parameter escapes: a backslash takes what follows it, which in plain strings depends on the server's settings.
    private mutating func skipString(escapes: Bool) throws(Unclear) {
        rest.removeFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "'") { return }
            guard byte == UInt8(ascii: "\\"), dialect == .postgres else { continue }
            if escapes {
                rest = rest.dropFirst()
            } else if rest.first == UInt8(ascii: "'") {
                throw Unclear()
            }
        }
        throw Unclear()
    }

    /// A doubled quote ends one and begins the next, as in strings.
    private mutating func skipName() throws(Unclear) {
        guard let quote = rest.popFirst() else { return }
        try skip(past: [quote])
    }

    /// `$1`, or a string between `$tag$` and `$tag$`.
    private mutating func skipDollar() throws(Unclear) {
        let tag = rest.dropFirst().prefix(while: Self.isWordByte)
        let isTag = tag.first.map { !(0x30...0x39).contains($0) } ?? true
        guard isTag, rest[tag.endIndex...].first == UInt8(ascii: "$") else {
            rest.removeFirst()
            return
        }
        let quote = Array(rest[rest.startIndex...tag.endIndex])
        rest = rest.dropFirst(quote.count)
        try skip(past: quote)
    }

    private mutating func skip(past end: [UInt8]) throws(Unclear) {
        guard let found = rest.firstRange(of: end) else { throw Unclear() }
        rest = rest[found.upperBound...]
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80..., UInt8(ascii: "_"): true
        default: false
        }
    }
}
