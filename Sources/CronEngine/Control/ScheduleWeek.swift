package import CronModel
package import CronSchedule

/// How a schedule spreads over the week to come, by the days of its zone.
package struct ScheduleWeek: Sendable {
    package static let length = Span.days(7)
    /// Slots of a day that are told one by one; of a day with more only their number.
    package static let slotsOfDay = 96
    private static let tick = Span.microseconds(1)

    /// A day of the zone, or the part of one that lies in the week.
    package struct Day: Sendable {
        package let date: LocalTime
        package let from: Instant
        package let to: Instant
        package let count: Int
        /// In order; none where there are more than `slotsOfDay`.
        package let slots: [Instant]
    }

    /// Of several zones the first.
    package let zone: String
    package let days: [Day]
    /// When the zone's clocks jump.
    package let changes: [Instant]

    /// - Parameter after: slots later than this.
    init(_ zones: [ZoneSlots], after: Instant) {
        let schedules = zones.map(\.schedule)
        zone = schedules.first?.zone ?? "UTC"
        var from = after + Self.tick
        let end = from + Self.length
        var days: [Day] = []
        var changes: [Instant] = []
        while from < end, let date = try? ZoneCatalog.localTime(of: from, in: zone) {
            let to = Self.first(from, end, in: zone) { $0.day != date.day } ?? end
            days.append(Self.day(date, from, to, schedules))
            if let change = Self.first(from, to, in: zone, where: { $0.utcOffsetSeconds != date.utcOffsetSeconds }) {
                changes.append(change)
            }
            from = to
        }
        self.days = days
        self.changes = changes
    }

    private static func day(
        _ date: LocalTime, _ from: Instant, _ to: Instant, _ schedules: [Schedule]
    ) -> Day {
        let counts = schedules.map { count($0, after: from - tick, through: to - tick) }
        let all = counts.reduce(0, +)
        let slots =
            all > slotsOfDay
            ? []
            : zip(schedules, counts).flatMap { schedule, count in
                schedule.oneShotInstant.map { count > 0 ? [$0] : [] } ?? schedule.upcoming(after: from - tick, count: count)
            }.sorted()
        return Day(date: date, from: from, to: to, count: all, slots: slots)
    }

    private static func count(_ schedule: Schedule, after: Instant, through: Instant) -> Int {
        guard let moment = schedule.oneShotInstant else { return schedule.count(after: after, through: through) }
        return moment > after && moment <= through ? 1 : 0
    }

    /// The first second after `start` and not later than `end` of which it is true, if it stays true once it is; nil where
    /// it is not true of `end`.
    package static func first(
        _ start: Instant, _ end: Instant, in zone: String, where isTrue: (LocalTime) -> Bool
    ) -> Instant? {
        func holds(_ second: Int64) -> Bool {
            (try? ZoneCatalog.localTime(of: Instant(seconds: second), in: zone)).map(isTrue) ?? false
        }
        var (low, high) = (start.wholeSeconds, end.wholeSeconds)
        guard low < high, holds(high) else { return nil }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle }
        }
        return Instant(seconds: high)
    }
}

extension ScheduleWeek {
    /// As the API has it.
    var json: JSONValue {
        .array(
            days.map { day in
                .object([
                    "date": .string(String(day.date.text.prefix { $0 != "T" })),
                    "from": .string(day.from.description), "to": .string(day.to.description),
                    "count": .integer(Int64(day.count)),
                ])
            })
    }
}
