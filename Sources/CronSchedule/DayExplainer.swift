/// The two day fields in English, and how they work together (Docs/schedules.md §2, the OR rule).
struct DayExplainer {
    let syntax: CronSyntax

    init(_ syntax: CronSyntax) { self.syntax = syntax }

    /// "on Monday through Friday"; empty when every day will do.
    var text: String {
        let anyMonthDay = syntax.dayOfMonth.isUnrestricted
        let anyWeekday = syntax.dayOfWeek.isUnrestricted
        if syntax.needsBothDays {
            if anyMonthDay && anyWeekday { return isTimeOnly ? "every day" : "" }
            if anyWeekday { return "on \(monthDays)" }
            if anyMonthDay { return "on \(weekdays)" }
            return "on \(weekdays), but only when that is also \(monthDays)"
        }
        return "on \(monthDays), and also on \(weekdays) (either one is enough, as both day fields are restricted)"
    }

    // "At 09:00 every day" needs the words, "Every 5 minutes" does not.
    private var isTimeOnly: Bool { !syntax.isWild && syntax.month.isUnrestricted && syntax.year.isUnrestricted }

    private var monthDays: String {
        let words = syntax.dayOfMonth.items.flatMap(monthDay)
        return "\(EnglishWords.list(words)) of the month"
    }

    private func monthDay(_ item: FieldItem) -> [String] {
        switch item {
        case .lastDay(let before):
            return [before == 0 ? "the last day" : "the \(EnglishWords.ordinal(before)) day before the last day"]
        case .weekdayNearest(let day):
            return ["the weekday nearest the \(EnglishWords.ordinal(day))"]
        case .weekdayNearestLast(let before):
            if before == 0 { return ["the last weekday"] }
            return ["the weekday nearest the \(EnglishWords.ordinal(before)) day before the last day"]
        case .range(let first, let last, 1):
            return ["the \(EnglishWords.ordinal(first)) through the \(EnglishWords.ordinal(last))"]
        case .all(let step):
            return ["every \(EnglishWords.ordinal(step)) day from the 1st"]
        default:
            return ValueSet.values(of: item, in: .dayOfMonth).map { "the \(EnglishWords.ordinal($0))" }
        }
    }

    private var weekdays: String { EnglishWords.list(syntax.dayOfWeek.items.flatMap(weekday)) }

    private func weekday(_ item: FieldItem) -> [String] {
        switch item {
        case .range(let first, let last, 1):
            return ["\(EnglishWords.weekdays[first]) through \(EnglishWords.weekdays[last % 7])"]
        case .nthWeekday(let days, let nth):
            return names(days).map { "the \(EnglishWords.ordinalWord(nth)) \($0) of the month" }
        case .lastWeekday(let days):
            return names(days).map { "the last \($0) of the month" }
        default:
            return ValueSet.values(of: item, in: .dayOfWeek).map { EnglishWords.weekdays[$0] }
        }
    }

    private func names(_ days: UInt8) -> [String] {
        EnglishWords.weekdays.indices.filter { days >> UInt8($0) & 1 == 1 }.map { EnglishWords.weekdays[$0] }
    }
}
