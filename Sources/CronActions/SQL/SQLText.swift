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
        for dialect in SQLScanner.Dialect.allCases {
            guard let words = SQLScanner.openingWords(of: text, dialect) else {
                return "a comment is never closed, or holds another one"
            }
            guard let first = words.first else { return "is empty" }
            if transactionWords.contains(first) || words == ["PREPARE", "TRANSACTION"] {
                return "\(first) is refused: the whole list is one transaction, which Cron++ begins and ends"
            }
            if first == "COPY" { return "COPY is refused: its data travel outside of statements" }
        }
        if let name = text.firstMatch(of: /\{\{ *(payload|secrets|run_id|job_id|job_name|scheduled_for|scheduled_local|timezone|attempt|zone)(?=[ .}])/) {
            return "\"\(name.0)…\" is not replaced here: write $1 and put it among the params"
        }
        if SQLScanner.holdsSeveral(text) { return "holds several statements; put each into `statements`" }
        return nil
    }
}
