import CronSchedule

/// The rows and columns of the calendar: real time cut up by the clocks of a zone.
struct CalendarGrid: Sendable {
    static let days = 7
    /// Of the range of one day.
    static let hours = Span.hours(24)
    static let partMinutes = 15

    let range: CalendarRange
    let zone: String
    let now: Instant
    let columns: [Column]
    let rows: [Row]
    /// All hours of it, in order.
    let clockHours: [ClockHour]

    enum Column: Hashable, Sendable {
        /// - Parameter pass: 1 where the clocks show it a second time that day.
        case hour(Int, pass: Int)
        /// Minutes past the hour.
        case part(Int)
    }

    enum Cell: Hashable, Sendable {
        case stretch(CalendarStretch)
        /// The clocks jump over it.
        case gap
        /// Another day has it.
        case none
    }

    struct Row: Sendable {
        /// Of its day.
        let local: LocalTime
        /// Of a row that is an hour.
        let hour: Int
        /// The clocks have shown it before.
        let isRepeated: Bool
        /// One for each column.
        let cells: [Cell]
    }

    init(_ range: CalendarRange, at now: Instant, in zone: String) throws(ScheduleError) {
        self.range = range
        self.zone = zone
        self.now = now
        switch range {
        case .week:
            clockHours = try ClockHour.days(Self.days, from: now, in: zone)
            let byDay = Self.byDay(clockHours)
            let columns = Self.hourColumns(byDay)
            rows = byDay.compactMap { hours in Self.dayRow(hours, columns) }
            self.columns = columns
        case .day:
            var end: Instant?
            clockHours = try ClockHour.hours(at: now, in: zone) { hour in
                if end == nil { end = hour.start + Self.hours }
                return end.map { hour.start < $0 } ?? true
            }
            columns = stride(from: 0, to: 60, by: Self.partMinutes).map { Column.part($0) }
            rows = Self.hourRows(clockHours)
        }
    }

    /// The stretches that are not over, in order.
    var stretches: [CalendarStretch] {
        rows.flatMap(\.cells).compactMap { cell in
            if case .stretch(let stretch) = cell, stretch.end > now { stretch } else { nil }
        }.sorted { $0.start < $1.start }
    }

    /// Where slots are counted between: from now on, what has been is history.
    static func edges(_ stretches: [CalendarStretch], after now: Instant) -> [Instant] {
        guard let last = stretches.last else { return [] }
        return stretches.map { max($0.start, now + .microseconds(1)) } + [last.end]
    }
}

// MARK: - Days

extension CalendarGrid {
    private static func byDay(_ hours: [ClockHour]) -> [[ClockHour]] {
        hours.reduce(into: []) { days, hour in
            if let last = days.last?.last, last.local.day == hour.local.day {
                days[days.count - 1].append(hour)
            } else {
                days.append([hour])
            }
        }
    }

    /// Each hour as often as one of the days has it.
    private static func hourColumns(_ days: [[ClockHour]]) -> [Column] {
        (0..<24).flatMap { hour in
            let most = days.map { day in day.count { $0.local.hour == hour } }.max() ?? 1
            return (0..<max(1, most)).map { Column.hour(hour, pass: $0) }
        }
    }

    private static func dayRow(_ hours: [ClockHour], _ columns: [Column]) -> Row? {
        guard let first = hours.first else { return nil }
        let cells = columns.map { column -> Cell in
            guard case .hour(let number, let pass) = column else { return .none }
            let shown = hours.filter { $0.local.hour == number }
            guard shown.indices.contains(pass) else { return pass == 0 ? .gap : .none }
            return .stretch(CalendarStretch(start: shown[pass].start, end: shown[pass].end, place: 0))
        }
        return Row(local: first.local, hour: 0, isRepeated: false, cells: cells)
    }
}

// MARK: - Hours

extension CalendarGrid {
    private static func hourRows(_ hours: [ClockHour]) -> [Row] {
        hours.indices.flatMap { index -> [Row] in
            let hour = hours[index]
            let isRepeated = hours[..<index].contains {
                ($0.local.day, $0.local.hour) == (hour.local.day, hour.local.hour)
            }
            let parts = hour.parts(minutes: partMinutes)
            let cells = (0..<60 / partMinutes).map { place -> Cell in
                if let part = parts.first(where: { $0.place == place }) { return .stretch(part) }
                return isRepeated ? .none : .gap
            }
            let missing = index > 0 ? missingHours(hours[index - 1], hour) : []
            return missing + [Row(local: hour.local, hour: hour.local.hour, isRepeated: isRepeated, cells: cells)]
        }
    }

    /// Hours that the clocks jump over as a whole. A day that does not exist has none.
    private static func missingHours(_ before: ClockHour, _ after: ClockHour) -> [Row] {
        let jump = after.local.utcOffsetSeconds - before.local.utcOffsetSeconds
        guard (3_600..<43_200).contains(jump) else { return [] }
        let count = (after.local.hour - before.local.hour + 23) % 24
        return (0..<min(count, jump / 3_600)).map { number in
            Row(
                local: after.local, hour: (before.local.hour + 1 + number) % 24, isRepeated: false,
                cells: Array(repeating: .gap, count: 60 / partMinutes))
        }
    }
}

// MARK: - Changes of the clocks

extension CalendarGrid {
    /// What happens to the clocks meanwhile, a sentence each.
    var changes: [String] {
        zip(clockHours, clockHours.dropFirst()).compactMap { before, after -> String? in
            let jump = after.local.utcOffsetSeconds - before.local.utcOffsetSeconds
            guard jump != 0 else { return nil }
            let minutes = Int((before.end - before.start).microseconds / 60_000_000)
            let old = ClockText.time(ofMinute: before.local.hour * 60 + before.local.minute + minutes)
            let verb = jump > 0 ? "go on" : "go back"
            let what = jump > 0 ? "what lies between does not exist" : "what lies between is there twice"
            let target = abs(jump) < 43_200 ? after.local.timeText : "\(after.local.timeText) of \(after.local.dayText)"
            return "\(before.local.dayText): at \(old) \(before.local.abbreviation ?? "") the clocks \(verb) to \(target) "
                + "\(after.local.abbreviation ?? ""); \(what)."
        }
    }
}
