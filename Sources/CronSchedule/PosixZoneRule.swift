/// The rule after a zone file's last transition, such as `EST5EDT,M3.2.0,M11.1.0` (POSIX TZ, RFC 9636 §3.3).
struct PosixZoneRule: Sendable {
    struct Local: Sendable, Hashable {
        var offset: Int
        var abbreviation: String
    }

    /// When daylight time begins or ends, in the local time in force until then.
    struct Change: Sendable {
        enum Day: Sendable {
            case julianWithoutLeapDay(Int)
            case dayOfYear(Int)
            case weekday(month: Int, week: Int, weekday: Int)
        }
        var day: Day
        var seconds: Int

        func wallSecond(year: Int) -> Int {
            let newYear = CivilTime.day(year: year, month: 1, day: 1)
            let day: Int
            switch self.day {
            case .julianWithoutLeapDay(let number):
                day = newYear + number - 1 + (CivilTime.isLeap(year) && number >= 60 ? 1 : 0)
            case .dayOfYear(let number):
                day = newYear + number
            case .weekday(let month, let week, let weekday):
                let first = CivilTime.day(year: year, month: month, day: 1)
                let firstMatch = (weekday - CivilTime.weekday(ofDay: first) + 7) % 7
                let length = CivilTime.length(ofMonth: month, year: year)
                let wanted = firstMatch + 7 * (week - 1)
                day = first + (wanted < length ? wanted : wanted - 7)
            }
            return day * CivilTime.secondsPerDay + seconds
        }
    }

    var standard: Local
    var daylight: (local: Local, begins: Change, ends: Change)?

    /// The rule's two transitions in a year as UTC seconds, in order.
    func transitions(year: Int) -> [(at: Int, local: Local)] {
        guard let daylight else { return [] }
        let begins = (daylight.begins.wallSecond(year: year) - standard.offset, daylight.local)
        let ends = (daylight.ends.wallSecond(year: year) - daylight.local.offset, standard)
        return begins.0 <= ends.0 ? [begins, ends] : [ends, begins]
    }

    /// The local time in force at a UTC second, any number of years away.
    func local(at second: Int) -> Local {
        guard let daylight else { return standard }
        let year = CivilTime.date(ofDay: CivilTime.floorDivide(second, by: CivilTime.secondsPerDay)).year
        var current =
            daylight.begins.wallSecond(year: year - 1) < daylight.ends.wallSecond(year: year - 1)
            ? standard : daylight.local
        for transition in transitions(year: year - 1) + transitions(year: year) + transitions(year: year + 1)
        where transition.at <= second {
            current = transition.local
        }
        return current
    }
}

/// Reads the text form; nil for anything malformed.
struct PosixZoneRuleReader {
    private var rest: Substring.UTF8View

    static func read(_ text: String) -> PosixZoneRule? {
        var reader = PosixZoneRuleReader(rest: text[...].utf8)
        return reader.readRule()
    }

    private mutating func readRule() -> PosixZoneRule? {
        guard let name = readName(), let west = readTime(maxHours: 25) else { return nil }
        var rule = PosixZoneRule(standard: .init(offset: -west, abbreviation: name), daylight: nil)
        if rest.isEmpty { return rule }
        guard let daylightName = readName() else { return nil }
        var offset = rule.standard.offset + 3_600
        if rest.first != UInt8(ascii: ",") {
            guard let west = readTime(maxHours: 25) else { return nil }
            offset = -west
        }
        guard take(","), let begins = readChange(), take(","), let ends = readChange(), rest.isEmpty else { return nil }
        rule.daylight = (.init(offset: offset, abbreviation: daylightName), begins, ends)
        return rule
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func readName() -> String? {
        let name: Substring.UTF8View
        if take("<") {
            name = rest.prefix { $0 != UInt8(ascii: ">") }
            rest.removeFirst(name.count)
            guard take(">") else { return nil }
        } else {
            name = rest.prefix { ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") }
            rest.removeFirst(name.count)
        }
        return name.count >= 3 && name.count <= 16 ? String(name) : nil
    }

    private mutating func readNumber(_ allowed: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard (1...3).contains(digits.count) else { return nil }
        rest.removeFirst(digits.count)
        let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return allowed.contains(value) ? value : nil
    }

    private mutating func readTime(maxHours: Int) -> Int? {
        let sign = take("-") ? -1 : 1
        if sign == 1 { _ = take("+") }
        guard let hours = readNumber(0...maxHours) else { return nil }
        var seconds = hours * 3_600
        if take(":") {
            guard let minutes = readNumber(0...59) else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = readNumber(0...59) else { return nil }
                seconds += rest
            }
        }
        return sign * seconds
    }

    private mutating func readChange() -> PosixZoneRule.Change? {
        let day: PosixZoneRule.Change.Day
        if take("M") {
            guard let month = readNumber(1...12), take("."), let week = readNumber(1...5), take("."),
                let weekday = readNumber(0...6)
            else { return nil }
            day = .weekday(month: month, week: week, weekday: weekday)
        } else if take("J") {
            guard let number = readNumber(1...365) else { return nil }
            day = .julianWithoutLeapDay(number)
        } else {
            guard let number = readNumber(0...365) else { return nil }
            day = .dayOfYear(number)
        }
        guard take("/") else { return .init(day: day, seconds: 2 * 3_600) }
        return readTime(maxHours: 167).map { .init(day: day, seconds: $0) }
    }
}
