/// The instants of a schedule (Docs/schedules.md §5). Wall-clock years 1970-2199 only.
extension Schedule {
    /// The first run strictly later than an instant; nil when there is none.
    ///
    /// Without `options.anchor`, `@every` counts from `after` cut to the second, and a relative delay from
    /// `options.now` or else from `after` itself. `@reboot` has no instants.
    public func next(after: Instant) -> Instant? {
        switch timetable {
        case .cron(let occurrences):
            guard let second = occurrences.first(atOrAfter: Self.secondAfter(after)) else { return nil }
            return Instant(microseconds: Int64(second) &* 1_000_000)
        case .every(let length):
            let slots = IntervalSlots(anchor: options.anchor ?? after, length: length)
            return slots.first(atOrAfter: Self.secondAfter(after)).map { Instant(seconds: Int64($0)) }
        case .at, .delay:
            guard let moment = moment(seenFrom: after), moment > after else { return nil }
            return moment
        case .reboot:
            return nil
        }
    }

    /// The last run strictly earlier than an instant; nil when there is none.
    ///
    /// `@every` and relative delays without `options.anchor` have no past: nil.
    public func previous(before: Instant) -> Instant? {
        switch timetable {
        case .cron(let occurrences):
            return occurrences.last(atOrBefore: Self.secondBefore(before)).map { Instant(seconds: Int64($0)) }
        case .every(let length):
            guard let anchor = options.anchor else { return nil }
            let slots = IntervalSlots(anchor: anchor, length: length)
            return slots.last(atOrBefore: Self.secondBefore(before)).map { Instant(seconds: Int64($0)) }
        case .at, .delay:
            guard let moment = oneShotInstant, moment < before else { return nil }
            return moment
        case .reboot:
            return nil
        }
    }

    /// How many runs lie in `(after, through]`.
    ///
    /// Nothing is enumerated: the cost is one look per matching month plus one per clock change of the range,
    /// some microseconds a decade however many runs there are; constant for `@every`.
    public func count(after: Instant, through: Instant) -> Int {
        guard after < through else { return 0 }
        let from = Self.secondAfter(after)
        let last = Int(through.wholeSeconds)
        switch timetable {
        case .cron(let occurrences):
            return occurrences.count(from: from, through: last)
        case .every(let length):
            return IntervalSlots(anchor: options.anchor ?? after, length: length).count(from: from, through: last)
        case .at, .delay:
            guard let moment = moment(seenFrom: after) else { return 0 }
            return moment > after && moment <= through ? 1 : 0
        case .reboot:
            return 0
        }
    }

    /// The first `count` runs after an instant, fewer when they end before 2200; at most `maxUpcoming`.
    public func upcoming(after: Instant, count: Int) -> [Instant] {
        var result: [Instant] = []
        var last = after
        while result.count < min(count, Self.maxUpcoming), let instant = next(after: last) {
            result.append(instant)
            last = instant
            if isOneShot { break }
        }
        return result
    }

    private func moment(seenFrom after: Instant) -> Instant? {
        if let known = oneShotInstant { return known }
        guard case .delay(let delay) = timetable else { return nil }
        return after + delay
    }
}
