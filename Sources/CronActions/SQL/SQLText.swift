/// What can be told of a statement without a database.
enum SQLText {
    /// Statements that begin, end or nest transactions. The attempt's own transaction holds the ledger beside the effect: one
    /// that is ended in between has the one without the other. PostgreSQL and SQLite run one statement at a time here, so
    /// the first word decides.
    private static let transactionWords: Set<String> = [
        "ABORT", "BEGIN", "COMMIT", "END", "RELEASE", "ROLLBACK", "SAVEPOINT", "START",
    ]

    /// Why a statement cannot be run here; nil when nothing speaks against it.
    static func problem(in text: String) -> String? {
        guard let words = openingWords(of: text, count: 2) else {
            return "a comment is never closed, or holds another one"
        }
        guard let first = words.first else { return "is empty" }
        if transactionWords.contains(first) || (first == "PREPARE" && words.dropFirst().first == "TRANSACTION") {
            return "\(first) is refused: the whole list is one transaction, which Cron++ begins and ends"
        }
        if first == "COPY" { return "COPY is refused: its data travel outside of statements" }
        if let name = text.firstMatch(of: /\{\{ *(payload|secrets|run_id|job_id|job_name|scheduled_for|scheduled_local|timezone|attempt|zone)(?=[ .}])/) {
            return "\"\(name.0)…\" is not replaced here: write $1 and put it among the params"
        }
        if SQLScanner.holdsSeveral(text) { return "holds several statements; put each into `statements`" }
        return nil
    }

    /// The first words in capitals, comments left out; nil for a comment that databases would end in different places.
    private static func openingWords(of text: String, count: Int) -> [String]? {
        var rest = Substring(text)
        var words: [String] = []
        while words.count < count {
            guard skipBlank(&rest) else { return nil }
            let word = rest.prefix { $0.isLetter || $0 == "_" }
            guard !word.isEmpty else {
                // A bracket may stand before SELECT; anything else ends the opening.
                return words.isEmpty && !rest.isEmpty ? ["("] : words
            }
            words.append(word.uppercased())
            rest = rest[word.endIndex...]
        }
        return words
    }

    private static func skipBlank(_ rest: inout Substring) -> Bool {
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == ";" }
            if rest.hasPrefix("--") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*") {
                let inner = rest.dropFirst(2)
                // PostgreSQL nests comments, SQLite does not.
                guard let end = inner.firstRange(of: "*/"), !inner[..<end.lowerBound].contains("/*") else { return false }
                rest = inner[end.upperBound...]
            } else {
                return true
            }
        }
    }
}
