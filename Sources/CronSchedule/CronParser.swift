/// Text → fields: splits at blanks, counts, and hands each field to `FieldParser` (Docs/schedules.md §1).
enum CronParser {
    /// The fields in the order they are written, by their number.
    private static func layout(_ count: Int) -> [CronField]? {
        let five: [CronField] = [.minute, .hour, .dayOfMonth, .month, .dayOfWeek]
        switch count {
        case 5: return five
        case 6: return [.second] + five
        case 7: return [.second] + five + [.year]
        default: return nil
        }
    }

    /// - Parameter span: where the fields are inside the text; columns count from the text's start.
    static func parse(_ text: [UInt8], span: Range<Int>, dialect: Schedule.Dialect, jobID: String?)
        throws(ScheduleError) -> CronSyntax
    {
        let words = TextWords.split(text, span)
        guard let fields = layout(words.count) else {
            throw ScheduleError(.fieldCount, "expected 5, 6 or 7 fields, found \(words.count)")
        }
        var syntax = CronSyntax()
        syntax.hasSeconds = words.count > 5
        syntax.hasYear = words.count > 6
        for (field, word) in zip(fields, words) {
            var parser = FieldParser(field: field, text: text, span: word, dialect: dialect, jobID: jobID)
            syntax[field] = try parser.parse()
        }
        if dialect == .quartz { try checkQuestionMarks(syntax) }
        return syntax
    }

    private static func checkQuestionMarks(_ syntax: CronSyntax) throws(ScheduleError) {
        guard syntax.dayOfMonth.isQuestionMark == syntax.dayOfWeek.isQuestionMark else { return }
        let both = syntax.dayOfMonth.isQuestionMark
        throw ScheduleError(
            .syntax,
            both ? "both day fields are \"?\"" : "one of the two day fields must be \"?\" in the quartz dialect",
            field: CronField.dayOfWeek.rawValue, column: syntax.dayOfWeek.column)
    }
}

/// Words between blanks and tabs.
enum TextWords {
    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    static func split(_ text: [UInt8], _ span: Range<Int>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start: Int?
        for index in span {
            if isBlank(text[index]) {
                if let first = start { words.append(first..<index) }
                start = nil
            } else if start == nil {
                start = index
            }
        }
        if let first = start { words.append(first..<span.upperBound) }
        return words
    }
}
