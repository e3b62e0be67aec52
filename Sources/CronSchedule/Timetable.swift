/// A schedule made ready: the instants behind each kind of text.
enum Timetable: Sendable {
    case cron(CronOccurrences)
    case every(Span)
    case at(Instant)
    case delay(Span)
    case reboot
}

/// Slots at a fixed distance: anchor + k * length, k >= 1, within 1970-2199 UTC.
struct IntervalSlots {
    /// The anchor and the length in whole seconds.
    let anchor: Int
    let length: Int

    init(anchor: Instant, length: Span) {
        self.anchor = Int(anchor.wholeSeconds)
        self.length = max(1, Int(length.microseconds / 1_000_000))
    }

    // Seconds of any Instant stay below 10^13, so none of this overflows.
    private func slot(_ number: Int) -> Int { anchor + number * length }

    private func number(atOrBefore second: Int) -> Int {
        CivilTime.floorDivide(second - anchor, by: length)
    }

    func first(atOrAfter second: Int) -> Int? {
        let earliest = max(second, 0)
        guard earliest < CivilTime.endOfYears else { return nil }
        let found = slot(max(1, number(atOrBefore: earliest - 1) + 1))
        return found < CivilTime.endOfYears ? found : nil
    }

    func last(atOrBefore second: Int) -> Int? {
        let latest = min(second, CivilTime.endOfYears - 1)
        let number = number(atOrBefore: latest)
        guard number >= 1, slot(number) >= 0 else { return nil }
        return slot(number)
    }

    func count(from: Int, through: Int) -> Int {
        guard let first = first(atOrAfter: from), let last = last(atOrBefore: through), first <= last else { return 0 }
        return (last - first) / length + 1
    }
}
