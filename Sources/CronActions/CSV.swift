/// A table as text (RFC 4180): a line of names and a line for each row. NULL is an empty field, an empty text is quoted.
enum CSV {
    /// Whole lines only, as many as there is room for.
    static func text(_ table: SQLTable, limitBytes: Int) -> (text: String, isCut: Bool) {
        text(columns: table.columns, rows: table.rows, limitBytes: limitBytes)
    }

    static func text(columns: [String], rows: [[String?]], limitBytes: Int) -> (text: String, isCut: Bool) {
        var text = line(columns)
        for row in rows {
            let next = line(row)
            guard text.utf8.count + next.utf8.count <= limitBytes else { return (text, true) }
            text += next
        }
        return (text, false)
    }

    private static func line(_ fields: [String?]) -> String { fields.map(field).joined(separator: ",") + "\r\n" }

    private static func field(_ value: String?) -> String {
        guard let value else { return "" }
        let isPlain = !value.isEmpty && !value.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
        return isPlain ? value : "\"\(doubled(value))\""
    }

    /// By scalar: with a mark behind it that combines, a quote is another character and still ends a field.
    private static func doubled(_ value: String) -> String {
        var text = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            if scalar == "\"" { text.append(scalar) }
            text.append(scalar)
        }
        return String(text)
    }
}
