/// How many letters must be changed, added, dropped or swapped to get from one word to another.
enum WordDistance {
    /// Longer words are never near a macro, in bytes.
    private static let maxBytes = 24

    static func between(_ left: String, _ right: String) -> Int {
        let from = Array(left.utf8)
        let to = Array(right.utf8)
        guard from.count <= maxBytes, to.count <= maxBytes else { return maxBytes }
        var rows = [Array(0...to.count)]
        for i in 0..<from.count {
            var row = [i + 1]
            for j in 0..<to.count {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (from[i] == to[j] ? 0 : 1))
                if i > 0, j > 0, from[i] == to[j - 1], from[i - 1] == to[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[from.count][to.count]
    }
}
