extension Schedule {
    /// Why `neverFires`, as one line: "never fires: no February has a day 30"; nil for schedules that fire.
    public var neverFiresReason: String? {
        guard neverFires, case .cron(let occurrences) = timetable, let syntax = reread() else { return nil }
        return "never fires: \(reason(occurrences, syntax))"
    }

    /// 1-based column of the field that keeps the schedule from firing; nil where no field alone does.
    public var neverFiresColumn: Int? {
        guard neverFires, case .cron(let occurrences) = timetable, let syntax = reread() else { return nil }
        if occurrences.last(atOrBefore: .max) != nil { return syntax.year.column }
        if occurrences.expression.matchesAnyDate { return nil }
        return matchesInAnyYear(syntax) ? syntax.year.column : syntax.dayOfMonth.column
    }

    private func matchesInAnyYear(_ syntax: CronSyntax) -> Bool {
        var anyYear = syntax
        anyYear.year = .any
        return CronExpression(anyYear).matchesAnyDate
    }

    private func reason(_ occurrences: CronOccurrences, _ syntax: CronSyntax) -> String {
        if let last = occurrences.last(atOrBefore: .max) {
            return "its last run was at \(Instant(seconds: Int64(last)))"
        }
        if occurrences.expression.matchesAnyDate {
            return "all its times are skipped by clock changes in \(zone)"
        }
        if matchesInAnyYear(syntax) {
            let years = Set(syntax.year.items.flatMap { ValueSet.values(of: $0, in: .year) }).sorted()
            let shown = years.count > 5 ? "the given years" : EnglishWords.list(years.map(String.init), "or")
            return "no date matches in \(shown)"
        }
        return missingDay(syntax) ?? "no date meets both the day-of-month and the day-of-week field"
    }

    /// "no February has a day 30", when the months are too short whatever the weekday.
    private func missingDay(_ syntax: CronSyntax) -> String? {
        let months = Set(syntax.month.items.flatMap { ValueSet.values(of: $0, in: .month) }).sorted()
        let longest = months.map { CivilTime.length(ofMonth: $0, year: 2_000) }.max() ?? 31
        var days: Set<Int> = []
        var offsets: Set<Int> = []
        for item in syntax.dayOfMonth.items {
            switch item {
            case .lastDay(let before), .weekdayNearestLast(let before): offsets.insert(before)
            case .weekdayNearest(let day): days.insert(day)
            default: days.formUnion(ValueSet.values(of: item, in: .dayOfMonth))
            }
        }
        guard days.allSatisfy({ $0 > longest }), offsets.allSatisfy({ $0 >= longest }) else { return nil }
        let names = EnglishWords.list(months.map { EnglishWords.months[$0 - 1] }, "or")
        let wanted =
            days.isEmpty
            ? "a day \(EnglishWords.list(offsets.sorted().map(String.init), "or")) before its last"
            : "a day \(EnglishWords.list(days.sorted().map(String.init), "or"))"
        return "no \(names) has \(wanted)"
    }
}
