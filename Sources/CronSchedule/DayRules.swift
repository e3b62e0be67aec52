/// Which days of a month match, by the month's length and the weekday it begins on.
///
/// Nothing else about a month matters, so 4 x 7 layouts answer for every month of every year.
struct DayRules: Sendable {
    private var plainDays: UInt32 = 0
    private var lastDaysBefore: UInt32 = 0
    private var nearestDays: UInt32 = 0
    private var nearestLastBefore: UInt32 = 0
    private var weekdays: UInt8 = 0
    private var lastWeekdays: UInt8 = 0
    private var nthWeekdays: [UInt8] = [0, 0, 0, 0, 0]
    private let needsBoth: Bool

    init(_ syntax: CronSyntax) {
        needsBoth = syntax.needsBothDays
        for item in syntax.dayOfMonth.items { addDayOfMonth(item) }
        for item in syntax.dayOfWeek.items { addDayOfWeek(item) }
    }

    private mutating func addDayOfMonth(_ item: FieldItem) {
        switch item {
        case .lastDay(let before): lastDaysBefore |= 1 << UInt32(before)
        case .weekdayNearest(let day): nearestDays |= 1 << UInt32(day)
        case .weekdayNearestLast(let before): nearestLastBefore |= 1 << UInt32(before)
        default: plainDays |= UInt32(truncatingIfNeeded: ValueSet.bits(of: item, in: .dayOfMonth) >> 1)
        }
    }

    private mutating func addDayOfWeek(_ item: FieldItem) {
        switch item {
        case .nthWeekday(let days, let nth): nthWeekdays[nth - 1] |= days
        case .lastWeekday(let days): lastWeekdays |= days
        default: weekdays |= UInt8(truncatingIfNeeded: ValueSet.bits(of: item, in: .dayOfWeek))
        }
    }

    /// Index of a layout in `layouts`.
    static func layout(length: Int, firstWeekday: Int) -> Int { (length - 28) * 7 + firstWeekday }

    /// For each layout the matching days: bit 0 is the first of the month.
    var layouts: [UInt32] {
        (28...31).flatMap { length in
            (0..<7).map { firstWeekday in
                let byMonth = monthDays(length: length, firstWeekday: firstWeekday)
                let byWeek = weekDays(length: length, firstWeekday: firstWeekday)
                return needsBoth ? byMonth & byWeek : byMonth | byWeek
            }
        }
    }

    private func monthDays(length: Int, firstWeekday: Int) -> UInt32 {
        var days = plainDays & Self.firstDays(length)
        for before in Self.setBits(lastDaysBefore) where before < length { days |= 1 << UInt32(length - before - 1) }
        for day in Self.setBits(nearestDays) where day <= length {
            days |= Self.nearestWeekday(to: day, length: length, firstWeekday: firstWeekday)
        }
        for before in Self.setBits(nearestLastBefore) where before < length {
            days |= Self.nearestWeekday(to: length - before, length: length, firstWeekday: firstWeekday)
        }
        return days
    }

    private func weekDays(length: Int, firstWeekday: Int) -> UInt32 {
        let all = Self.firstDays(length)
        let lastSeven = all & ~Self.firstDays(length - 7)
        var days = Self.repeated(weekdays, from: firstWeekday) & all
        days |= Self.repeated(lastWeekdays, from: firstWeekday) & lastSeven
        for (index, weekdays) in nthWeekdays.enumerated() where weekdays != 0 {
            let week = Self.firstDays(min(7 * (index + 1), length)) & ~Self.firstDays(7 * index)
            days |= Self.repeated(weekdays, from: firstWeekday) & week
        }
        return days
    }

    /// The weekday (Monday to Friday) nearest to a day, never leaving the month.
    private static func nearestWeekday(to day: Int, length: Int, firstWeekday: Int) -> UInt32 {
        let shift =
            switch (firstWeekday + day - 1) % 7 {
            case 6: day == 1 ? 2 : -1
            case 0: day == length ? -2 : 1
            default: 0
            }
        return 1 << UInt32(day + shift - 1)
    }

    /// Weekday bits laid out over the month's days.
    private static func repeated(_ weekdays: UInt8, from firstWeekday: Int) -> UInt32 {
        let week = UInt64(weekdays & 0x7f)
        let rotated = (week >> UInt64(firstWeekday) | week << UInt64(7 - firstWeekday)) & 0x7f
        return UInt32(truncatingIfNeeded: rotated * 0x1020_4081)
    }

    private static func firstDays(_ count: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(count)) - 1)
    }

    private static func setBits(_ bits: UInt32) -> [Int] { (0..<32).filter { bits >> UInt32($0) & 1 == 1 } }
}
