/// The seven fields of an expression: their ranges and names (Docs/schedules.md §2).
enum CronField: String, CaseIterable, Sendable {
    case second, minute, hour
    case dayOfMonth = "day-of-month"
    case month
    case dayOfWeek = "day-of-week"
    case year

    /// Values after normalising; Sunday is 0.
    var range: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...6
        case .year: CivilTime.years
        }
    }

    /// Values `H` may take: a day of month that every month has.
    var hashedRange: ClosedRange<Int> { self == .dayOfMonth ? 1...28 : range }

    var isDayField: Bool { self == .dayOfMonth || self == .dayOfWeek }

    /// Ranges may wrap around the end, except where that means nothing.
    var wraps: Bool { self != .dayOfMonth && self != .year }

    var names: [String] {
        switch self {
        case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
        case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        default: []
        }
    }

    /// The value of a three-letter upper-case name.
    func value(named name: some Collection<UInt8>) -> Int? {
        guard let index = names.firstIndex(where: { $0.utf8.elementsEqual(name) }) else { return nil }
        return range.lowerBound + index
    }

    /// The unit letter of an equivalent `@every`, for fields whose oversized steps suggest that reading.
    var everyUnit: (letter: String, plural: String)? {
        switch self {
        case .second: ("s", "seconds")
        case .minute: ("m", "minutes")
        case .hour: ("h", "hours")
        case .dayOfMonth, .dayOfWeek: ("d", "days")
        case .month, .year: nil
        }
    }
}
