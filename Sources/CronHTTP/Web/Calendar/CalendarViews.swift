import CronEngine
import CronModel
import CronSchedule

/// The calendar as its template sees it.
struct CalendarPageView: Sendable {
    /// Hours that are named as the quietest, of the next 24.
    static let quietest = 5

    let tag: String?
    let shownTag: String
    let clearPath: String
    let isWeek: Bool
    let other: String
    let otherTitle: String
    let columnHead: String
    let columns: [CalendarColumnView]
    let rows: [CalendarRowView]
    let summary: String
    let notes: [String]
    let quiet: [QuietHourView]
    let hasJobs: Bool
    /// There are no jobs at all.
    let isEmpty: Bool
    let mayMake: Bool

    /// - Parameters:
    ///   - hasJobs: there are jobs, whether they fire or not.
    ///   - isOfEachJob: times are wanted in each job's own zone.
    init(_ count: CalendarCount, _ filter: CalendarFilter, hasJobs: Bool, isOfEachJob: Bool, mayMake: Bool) {
        let grid = count.grid
        tag = filter.tag
        shownTag = ShownText.line(filter.tag ?? "")
        clearPath = filter.withoutTag.path()
        isWeek = filter.range == .week
        other = filter.path(range: isWeek ? .day : .week)
        otherTitle = isWeek ? "Next 24 hours" : "Next 7 days"
        columnHead = isWeek ? "Day" : "Hour"
        columns = grid.columns.map(CalendarColumnView.init)
        let busiest = count.counts.values.max() ?? 0
        rows = grid.rows.map { CalendarRowView($0, count, busiest: busiest, filter) }
        summary = Self.summary(count)
        notes = grid.changes + Self.notes(count, isOfEachJob: isOfEachJob)
        quiet = QuietHourView.all(count, filter)
        self.hasJobs = count.jobs.count > 0
        isEmpty = !hasJobs
        self.mayMake = mayMake
    }

    private static func summary(_ count: CalendarCount) -> String {
        let slots = count.counts.values.reduce(0, +)
        let jobs = count.jobs.count
        var text =
            "\(CountText.text(jobs)) active \(jobs == 1 ? "job fires" : "jobs fire") \(times(slots)) "
            + "from now to \(end(count.grid)), \(count.grid.zone)."
        if let busiest = count.counts.max(by: { ($0.value, $1.key.start) < ($1.value, $0.key.start) }), busiest.value > 0 {
            let at = (try? ZoneCatalog.localTime(of: busiest.key.start, in: count.grid.zone)).map {
                "\($0.dayText), \($0.timeText)"
            }
            text += " The busiest time is \(at ?? ""), with \(CountText.text(busiest.value))."
        }
        return text
    }

    private static func times(_ count: Int) -> String {
        switch count {
        case 0: "not once"
        case 1: "once"
        default: "\(CountText.text(count)) times"
        }
    }

    private static func end(_ grid: CalendarGrid) -> String {
        guard let last = grid.clockHours.last else { return "now" }
        let minutes = Int((last.end - last.start).microseconds / 60_000_000)
        let time = ClockText.time(ofMinute: last.local.hour * 60 + last.local.minute + minutes)
        return "\(last.local.dayText), \(time)"
    }

    private static func notes(_ count: CalendarCount, isOfEachJob: Bool) -> [String] {
        var notes: [String] = []
        if isOfEachJob { notes.append("Hours of many jobs are hours of one zone: that of the calendar is UTC.") }
        if count.jobs.isCut {
            notes.append("There are more jobs: the oldest \(CountText.text(count.jobs.count)) are counted.")
        }
        if count.jobs.count > CalendarPages.cheapJobs {
            let at = try? ZoneCatalog.localTime(of: count.grid.now, in: count.grid.zone)
            notes.append("Counted at \(at?.timeText ?? ""), and anew after a minute.")
        }
        return notes
    }
}

struct CalendarColumnView: Sendable {
    let columnText: String
    let isAgain: Bool

    init(_ column: CalendarGrid.Column) {
        switch column {
        case .hour(let hour, let pass): (columnText, isAgain) = (ClockText.two(hour), pass > 0)
        case .part(let part): (columnText, isAgain) = (":\(ClockText.two(part))", false)
        }
    }
}

/// A day, or an hour.
struct CalendarRowView: Sendable {
    let rowTitle: String
    let rowNote: String?
    /// Named where there is something to go to.
    let rowKey: String?
    let cells: [CalendarCellView]

    init(_ row: CalendarGrid.Row, _ count: CalendarCount, busiest: Int, _ filter: CalendarFilter) {
        let day = row.local.dayText
        cells = zip(row.cells, count.grid.columns).map { cell, column in
            CalendarCellView(cell, column, count, busiest: busiest, filter)
        }
        let slots = row.cells.reduce(0) { sum, cell in
            if case .stretch(let stretch) = cell { sum + (count.counts[stretch] ?? 0) } else { sum }
        }
        let number = slots == 1 ? "1 slot" : "\(CountText.text(slots)) slots"
        switch count.grid.range {
        case .week:
            rowTitle = day
            rowNote = slots == 0 ? "no slot" : number
        case .day:
            rowTitle = "\(day.prefix { $0 != " " }) \(ClockText.two(row.hour)):00"
            rowNote = row.isRepeated ? "again" : nil
        }
        rowKey = slots > 0 ? rowTitle + (row.isRepeated ? " again" : "") : nil
    }
}

struct CalendarCellView: Sendable {
    /// Steps of colour, each of which begins at a square of the busiest cell's share: 0, 4, 16, 36, 64 %.
    static let steps = 5

    /// Nil where there is nothing to list.
    let cellPath: String?
    let cellHeat: String
    let cellLabel: String
    let cellText: String
    let isZero: Bool
    let isGap: Bool

    init(
        _ cell: CalendarGrid.Cell, _ column: CalendarGrid.Column, _ count: CalendarCount, busiest: Int,
        _ filter: CalendarFilter
    ) {
        isGap = cell == .gap
        guard case .stretch(let stretch) = cell, let slots = count.counts[stretch] else {
            (cellPath, cellHeat, cellLabel, cellText, isZero) = (nil, "", "", "", false)
            return
        }
        isZero = slots == 0
        cellPath = isZero ? nil : filter.link(stretch)
        cellHeat = "h\(Self.step(slots, of: busiest))"
        cellText = Self.compact(slots)
        if case .hour(let hour, let pass) = column {
            cellLabel = "\(ClockText.two(hour)):00\(pass > 0 ? " again" : "")"
        } else {
            cellLabel = ""
        }
    }

    static func step(_ count: Int, of busiest: Int) -> Int {
        let square = count.multipliedReportingOverflow(by: steps * steps).partialValue
        return (1...steps).first { square <= busiest * $0 * $0 } ?? steps
    }

    /// At most four characters: what a cell has room for.
    static func compact(_ count: Int) -> String {
        if count < 10_000 { return "\(count)" }
        if count < 1_000_000 { return "\(count / 1_000)k" }
        return "\(count / 1_000_000)M"
    }
}

/// One of the hours in which least happens.
struct QuietHourView: Sendable {
    let quietCount: String
    let quietTime: String
    let quietPath: String?

    /// Of the whole hours that lie ahead, those with the fewest slots, the earliest first.
    static func all(_ count: CalendarCount, _ filter: CalendarFilter) -> [QuietHourView] {
        let grid = count.grid
        let hours = grid.clockHours.filter { $0.start > grid.now && $0.start < grid.now + CalendarGrid.hours }
        let sums = hours.map { hour in (hour, count.slots(in: hour)) }
        let fewest = sums.sorted { ($0.1, $0.0.start) < ($1.1, $1.0.start) }.prefix(CalendarPageView.quietest)
        return fewest.sorted { $0.0.start < $1.0.start }.map { hour, slots in
            let stretch = CalendarStretch(start: hour.start, end: hour.end, place: 0)
            let day = hour.local.dayText.prefix { $0 != " " }
            return QuietHourView(
                quietCount: CountText.text(slots), quietTime: "\(day) \(hour.local.timeText)",
                quietPath: slots > 0 ? filter.link(stretch) : nil)
        }
    }
}

extension CalendarCount {
    func slots(in hour: ClockHour) -> Int {
        grid.range == .week
            ? counts[CalendarStretch(start: hour.start, end: hour.end, place: 0)] ?? 0
            : hour.parts(minutes: CalendarGrid.partMinutes).reduce(0) { $0 + (counts[$1] ?? 0) }
    }
}
