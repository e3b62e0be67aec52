extension Schedule {
    /// The schedule in plain English, zone and OR rule included:
    /// "At 09:00 on Monday through Friday, in Europe/Berlin".
    public func explanation() -> String {
        switch timetable {
        case .cron:
            guard let syntax = reread() else { return text }
            let line = "\(EnglishWords.sentence(CronExplainer(syntax).text)), in \(zone)"
            return neverFiresReason.map { "\(line); \($0)" } ?? line
        case .every(let length):
            return "Every \(length) of elapsed time, whatever the clocks do"
        case .at(let moment):
            let local = try? ZoneCatalog.localTime(of: moment, in: zone)
            return (["Once, at \(local?.text ?? moment.description) in \(zone)"] + notices).joined(separator: "; ")
        case .delay(let delay):
            let what = delay == .zero ? "Once, at once" : "Once, \(delay) after it is set"
            guard let moment = oneShotInstant else { return what }
            return "\(what): at \(moment)"
        case .reboot:
            return "Once at every start of the scheduler"
        }
    }

    /// The fields as written, which the tables for searching no longer know.
    func reread() -> CronSyntax? {
        guard var reader = try? ScheduleReader(text, options), (try? reader.read()) != nil else { return nil }
        return reader.syntax
    }
}

/// Cron fields → English, from the time of day outwards to the year.
struct CronExplainer {
    let syntax: CronSyntax
    /// Most times of day that are listed one by one.
    private static let maxListedTimes = 6

    init(_ syntax: CronSyntax) { self.syntax = syntax }

    var text: String {
        var parts = [timeOfDay, DayExplainer(syntax).text]
        if !syntax.month.isUnrestricted { parts.append("in \(months)") }
        if !syntax.year.isUnrestricted { parts.append("in \(numbers(.year))") }
        return parts.filter { !$0.isEmpty }.joined(separator: " ")
    }

    // MARK: Time of day

    private var timeOfDay: String {
        listedTimes ?? [secondText, minuteText, hourText].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// "at 09:00 and 17:30", when the three fields are few plain values.
    private var listedTimes: String? {
        let hours = values(.hour)
        let minutes = values(.minute)
        let seconds = values(.second)
        guard hours.count * minutes.count * seconds.count <= Self.maxListedTimes, !syntax.isWild else { return nil }
        var times: [String] = []
        for hour in hours {
            for minute in minutes {
                for second in seconds {
                    let clock = "\(DigitText.two(hour)):\(DigitText.two(minute))"
                    times.append(seconds == [0] ? clock : "\(clock):\(DigitText.two(second))")
                }
            }
        }
        return "at \(EnglishWords.list(times))"
    }

    private var isOnMinute: Bool { values(.second) == [0] }

    private var secondText: String {
        guard !isOnMinute else { return "" }
        if let step = evenStep(.second) { return EnglishWords.every(step, "second") }
        return "at \(counted("second", .second))"
    }

    private var minuteText: String {
        if let step = evenStep(.minute) {
            if isOnMinute { return EnglishWords.every(step, "minute") }
            return step == 1
                ? (evenStep(.second) == 1 ? "" : "of every minute") : "of \(EnglishWords.every(step, "minute"))"
        }
        let minutes = values(.minute)
        guard isOnMinute else { return "of \(counted("minute", .minute))" }
        return minutes == [0] ? "" : "at \(counted("minute", .minute))"
    }

    private var hourText: String {
        let isOnHour = isOnMinute && values(.minute) == [0]
        if let step = evenStep(.hour) {
            if step == 1 {
                return isOnHour ? "every hour, on the hour" : evenStep(.minute) == nil ? "of every hour" : ""
            }
            return isOnHour
                ? "every \(step) hours from midnight" : "of every \(EnglishWords.ordinal(step)) hour from midnight"
        }
        let isSpread = evenStep(.minute) != nil
        if case .range(let first, let last, 1)? = onlyItem(.hour) {
            let end = DigitText.two(last % 24)
            if isSpread { return "between \(DigitText.two(first)):00 and \(end):59" }
            return "\(isOnHour ? "every hour" : "of every hour") from \(DigitText.two(first)):00 through \(end):00"
        }
        let hours = EnglishWords.list(values(.hour).map { "\(DigitText.two($0)):00" })
        return isOnHour ? "at \(hours)" : isSpread ? "in the hours from \(hours)" : "past \(hours)"
    }

    // MARK: Fields

    private func values(_ field: CronField) -> [Int] {
        var seen: Set<Int> = []
        return syntax[field].items.flatMap { ValueSet.values(of: $0, in: field) }.filter { seen.insert($0).inserted }
    }

    private func onlyItem(_ field: CronField) -> FieldItem? {
        syntax[field].items.count == 1 ? syntax[field].items.first : nil
    }

    /// n of `*/n`, when the steps also fit across the field's end.
    private func evenStep(_ field: CronField) -> Int? {
        let step: Int
        switch onlyItem(field) {
        case .all(let every)?: step = every
        case .from(field.range.lowerBound, let every)?: step = every
        default: return nil
        }
        return field.range.count.isMultiple(of: step) && step < field.range.count ? step : nil
    }

    private func counted(_ unit: String, _ field: CronField) -> String {
        "\(unit)\(values(field).count == 1 ? "" : "s") \(numbers(field))"
    }

    private func numbers(_ field: CronField) -> String {
        EnglishWords.list(
            syntax[field].items.map { item in
                if case .range(let first, let last, 1) = item {
                    let end = last > field.range.upperBound ? last - field.range.count : last
                    return "\(first) through \(end)"
                }
                let values = ValueSet.values(of: item, in: field)
                if let first = values.first, values.count > 12 {
                    return "\(first), \(values[1]), \(values[2]) and so on to \(values[values.count - 1])"
                }
                return EnglishWords.list(values.map(String.init))
            })
    }

    private var months: String {
        EnglishWords.list(
            syntax.month.items.flatMap { item -> [String] in
                if case .range(let first, let last, 1) = item {
                    return ["\(EnglishWords.months[first - 1]) through \(EnglishWords.months[(last - 1) % 12])"]
                }
                return ValueSet.values(of: item, in: .month).map { EnglishWords.months[$0 - 1] }
            })
    }
}
