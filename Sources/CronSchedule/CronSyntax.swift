/// One item of a field's comma list, values normalised (Sunday is 0).
enum FieldItem: Sendable, Hashable {
    /// `*`, `*/n`.
    case all(step: Int)
    /// `n`.
    case value(Int)
    /// `a-b`, `a-b/n`; `last` is beyond the field's end when the range wraps.
    case range(first: Int, last: Int, step: Int)
    /// `a/n`.
    case from(Int, step: Int)
    /// `H`, `H(a-b)`, `H/n`, `H(a-b)/n`, resolved for the job; `wide` has no brackets.
    case hashed(first: Int, last: Int, step: Int?, wide: Bool)
    /// `L`, `L-n`.
    case lastDay(before: Int)
    /// `nW`.
    case weekdayNearest(Int)
    /// `LW`, `L-nW`.
    case weekdayNearestLast(before: Int)
    /// `d#m`, `a-b#m`: a set of weekdays as bits.
    case nthWeekday(days: UInt8, nth: Int)
    /// `dL`, `d#L`, `a-b#L`.
    case lastWeekday(days: UInt8)
}

/// One field as written.
struct FieldSyntax: Sendable, Hashable {
    var items: [FieldItem]
    /// `?`.
    var isQuestionMark = false
    /// A leading `+` of the day-of-week field.
    var demandsBothDays = false
    /// 1-based column of the field's first character.
    var column: Int

    static func fixed(_ value: Int) -> FieldSyntax { FieldSyntax(items: [.value(value)], column: 1) }
    static let any = FieldSyntax(items: [.all(step: 1)], column: 1)

    /// Vixie's star bit: the text starts with `*`, or is `?` or `H/n`.
    var startsWithStar: Bool {
        if isQuestionMark { return true }
        switch items.first {
        case .all: return !demandsBothDays
        case .hashed(_, _, let step, let wide): return wide && step != nil
        default: return false
        }
    }

    var isUnrestricted: Bool { isQuestionMark || items.contains(.all(step: 1)) }
}

/// An expression as written, missing fields filled in.
struct CronSyntax: Sendable, Hashable {
    var second = FieldSyntax.fixed(0)
    var minute = FieldSyntax.any
    var hour = FieldSyntax.any
    var dayOfMonth = FieldSyntax.any
    var month = FieldSyntax.any
    var dayOfWeek = FieldSyntax.any
    var year = FieldSyntax.any
    /// The text had a seconds field.
    var hasSeconds = false
    /// The text had a year field.
    var hasYear = false

    /// Wild times follow elapsed time through clock changes, fixed ones follow the wall clock (Docs/schedules.md §5).
    var isWild: Bool { second.startsWithStar || minute.startsWithStar || hour.startsWithStar }

    /// Both day fields must match, instead of either (Docs/schedules.md §2, the OR rule).
    var needsBothDays: Bool {
        dayOfWeek.demandsBothDays || dayOfWeek.startsWithStar || dayOfMonth.startsWithStar
    }

    subscript(field: CronField) -> FieldSyntax {
        get {
            switch field {
            case .second: second
            case .minute: minute
            case .hour: hour
            case .dayOfMonth: dayOfMonth
            case .month: month
            case .dayOfWeek: dayOfWeek
            case .year: year
            }
        }
        set {
            switch field {
            case .second: second = newValue
            case .minute: minute = newValue
            case .hour: hour = newValue
            case .dayOfMonth: dayOfMonth = newValue
            case .month: month = newValue
            case .dayOfWeek: dayOfWeek = newValue
            case .year: year = newValue
            }
        }
    }
}
