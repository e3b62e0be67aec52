/// The instants of a cron expression in a zone: where wall-clock matches meet clock changes (Docs/schedules.md §5).
///
/// Wild times take every real instant whose clock reading matches. Fixed times take each matching reading once:
/// an earlier or later pass is cut off by `firstPassFrom` and `lastPassUntil`, and what a gap swallowed
/// becomes one run at `gapRun`.
struct CronOccurrences: Sendable {
    let expression: CronExpression
    let rules: TimeZoneRules
    private let shiftsGaps: Bool
    private let cutsLaterPasses: Bool
    private let cutsEarlierPasses: Bool

    init(_ expression: CronExpression, _ rules: TimeZoneRules, gap: Schedule.DSTGap, fold: Schedule.DSTFold) {
        self.expression = expression
        self.rules = rules
        shiftsGaps = !expression.isWild && gap == .shift
        cutsLaterPasses = !expression.isWild && fold == .first
        cutsEarlierPasses = !expression.isWild && fold == .last
    }

    // No zone is further from UTC than this, so no wall clock of 1970-2199 shows outside these seconds.
    private static let firstSecond = -TimeZoneRules.maxOffset
    private static let lastSecond = CivilTime.endOfYears + TimeZoneRules.maxOffset

    // Nearer matches are reached sooner by walking segments, of which 400 days hold about two, than by look-up.
    private static let jumpFrom = 400 * CivilTime.secondsPerDay

    private func wallStart(_ segment: TimeZoneRules.Segment) -> Int {
        cutsLaterPasses ? segment.firstPassFrom : segment.wallStart
    }

    private func wallEnd(_ segment: TimeZoneRules.Segment) -> Int {
        cutsEarlierPasses ? segment.lastPassUntil : segment.wallEnd
    }

    /// The first run at or after a UTC second.
    func first(atOrAfter second: Int) -> Int? {
        var from = max(second, Self.firstSecond)
        guard from <= Self.lastSecond else { return nil }
        var index = rules.index(at: from)
        // Nothing matches in searched..<found, which spares most searches after the first.
        var searched = Int.max
        var found = Int.min
        func firstMatch(_ wall: Int) -> Int {
            if searched <= wall && wall <= found { return found }
            searched = wall
            found = expression.first(atOrAfter: wall)
            return found
        }
        while true {
            let segment = rules.segments[index]
            var best = Int.max
            if shiftsGaps && segment.hasGapBefore && from <= segment.gapRun
                && firstMatch(segment.gapStart) < segment.wallStart
            {
                best = segment.gapRun
            }
            let match = firstMatch(max(from + segment.offset, wallStart(segment)))
            if match < wallEnd(segment) { best = min(best, match - segment.offset) }
            if best != Int.max { return best }
            index += 1
            guard index < rules.segments.count, rules.segments[index].start <= Self.lastSecond else { return nil }
            if found == CronExpression.noneAfter && searched <= segment.lastPassUntil { return nil }
            if segment.wallEnd < found - Self.jumpFrom && searched <= segment.lastPassUntil && found <= Self.lastSecond
            {
                index = max(index, rules.index(at: found - TimeZoneRules.maxOffset))
            }
            from = rules.segments[index].start
        }
    }

    /// The last run at or before a UTC second.
    func last(atOrBefore second: Int) -> Int? {
        var until = min(second, Self.lastSecond)
        guard until >= Self.firstSecond else { return nil }
        var index = rules.index(at: until)
        // Nothing matches in (found, searched].
        var searched = Int.min
        var found = Int.max
        func lastMatch(_ wall: Int) -> Int {
            if found <= wall && wall <= searched { return found }
            searched = wall
            found = expression.last(atOrBefore: wall)
            return found
        }
        while true {
            let segment = rules.segments[index]
            var best = Int.min
            let match = lastMatch(min(until + segment.offset, wallEnd(segment) - 1))
            if match >= wallStart(segment) { best = match - segment.offset }
            if shiftsGaps && segment.hasGapBefore && segment.gapRun <= until
                && lastMatch(segment.wallStart - 1) >= segment.gapStart
            {
                best = max(best, segment.gapRun)
            }
            if best != Int.min { return best }
            guard index > 0, segment.start > Self.firstSecond else { return nil }
            index -= 1
            until = rules.segments[index].end - 1
        }
    }

    /// Runs in the UTC seconds `from...through`: one look per segment and per matching month.
    func count(from: Int, through: Int) -> Int {
        let from = max(from, Self.firstSecond)
        let through = min(through, Self.lastSecond)
        guard from <= through else { return 0 }
        var total = 0
        for index in rules.index(at: from)..<rules.segments.count {
            let segment = rules.segments[index]
            guard segment.start <= through else { break }
            let low = max(max(from, segment.start) + segment.offset, wallStart(segment))
            let high = min(through + 1 + segment.offset, wallEnd(segment))
            total += expression.count(from: low, to: high)
            guard shiftsGaps && segment.hasGapBefore && (from...through).contains(segment.gapRun) else { continue }
            guard expression.first(atOrAfter: segment.gapStart) < segment.wallStart else { continue }
            // A regular run at the same instant has been counted already.
            let wall = segment.gapRun + segment.offset
            let isRegular = (low..<max(low, high)).contains(wall) && expression.matches(wall)
            total += isRegular ? 0 : 1
        }
        return total
    }
}
