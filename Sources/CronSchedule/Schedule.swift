/// A schedule text made ready to answer "when next": cron fields, a macro, an interval or one moment.
///
/// The rules are those of Docs/schedules.md. A value is immutable; copies share their tables. Nothing here reads the clock.
public struct Schedule: Sendable, Hashable {
    /// Longest text read, in bytes.
    public static let maxTextBytes = 1_024
    /// Longest `@every` and relative delay: the 230 years of 1970-2199.
    public static let maxInterval = Span.seconds(Int64(CivilTime.endOfYears))
    /// Most instants one call of `upcoming` gives.
    public static let maxUpcoming = 100_000

    /// The text as given.
    public let text: String
    /// The options as given.
    public let options: Options
    /// What sort of schedule the text is.
    public let kind: Kind
    /// The time zone really in use: the text's own, else that of the options.
    public let zone: String
    /// The text begins with `TZ=` or `CRON_TZ=`.
    public let hasZonePrefix: Bool
    /// Things a person should hear about a valid text: gap and fold times of one-shots, the OR rule.
    public let notices: [String]
    /// No run from 1970 to 2199, or none after `options.now` when that is given.
    public let neverFires: Bool

    let timetable: Timetable

    /// Reads a schedule.
    /// - Throws: `ScheduleError`, with the column counted in `text`.
    public init(_ text: String, options: Options = Options()) throws(ScheduleError) {
        var reader = try ScheduleReader(text, options)
        let timetable = try reader.read()
        self.text = text
        self.options = options
        self.timetable = timetable
        kind = timetable.kind
        zone = reader.zone
        hasZonePrefix = reader.hasZonePrefix
        notices = reader.notices
        if case .cron(let occurrences) = timetable {
            let earliest = options.now.map { Self.secondAfter($0) } ?? .min
            neverFires = occurrences.first(atOrAfter: earliest) == nil
        } else {
            neverFires = false
        }
    }

    /// The text names a single moment.
    public var isOneShot: Bool {
        switch kind {
        case .at, .delay: true
        case .cron, .every, .reboot: false
        }
    }

    /// The moment of a one-shot; of a relative delay only when `options.anchor` (or else `options.now`) is given.
    ///
    /// For `now` and accepted past times this is not after the anchor, so use it rather than `next(after:)`.
    public var oneShotInstant: Instant? {
        switch timetable {
        case .at(let instant): instant
        case .delay(let delay): (options.anchor ?? options.now).map { $0 + delay }
        case .cron, .every, .reboot: nil
        }
    }

    public static func == (left: Schedule, right: Schedule) -> Bool {
        left.text == right.text && left.options == right.options
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(options)
    }

    /// The first whole second later than an instant.
    static func secondAfter(_ instant: Instant) -> Int { Int(instant.wholeSeconds) + 1 }

    /// The last whole second earlier than an instant.
    static func secondBefore(_ instant: Instant) -> Int {
        let second = Int(instant.wholeSeconds)
        return instant.microseconds % 1_000_000 == 0 ? second - 1 : second
    }
}

extension Timetable {
    var kind: Schedule.Kind {
        switch self {
        case .cron: .cron
        case .every(let length): .every(length)
        case .at: .at
        case .delay(let delay): .delay(delay)
        case .reboot: .reboot
        }
    }
}
