/// One zone's offsets as a table of segments from long ago to 2200: the one place for gaps and folds.
///
/// A class, so that every schedule of a zone shares the table.
final class TimeZoneRules: Sendable {
    /// A stretch of time with one offset. Seconds are UTC (`start`, `end`) or wall seconds (the rest).
    struct Segment: Sendable {
        var start: Int
        var end: Int
        var offset: Int
        var wallStart: Int
        var wallEnd: Int
        /// Wall seconds before this one were already shown by an earlier segment.
        var firstPassFrom: Int
        /// Wall seconds from this one on will be shown again by a later segment.
        var lastPassUntil: Int
        /// Start of the wall seconds skipped right before this segment; `wallStart` when there are none.
        var gapStart: Int
        /// Where fixed times lost in that gap run: the segment's start, or its first whole local minute.
        var gapRun: Int
        var abbreviation: UInt8

        var hasGapBefore: Bool { gapStart < wallStart }
    }

    /// A change of offset, as read from a zone file.
    struct Transition {
        var at: Int
        var local: PosixZoneRule.Local
    }

    /// The ends of the first and last segments: far outside every instant, and safe to add offsets to.
    static let endOfTime = Int.max / 4
    /// Largest offset from UTC a zone may have, in seconds (RFC 9636 §3.2).
    static let maxOffset = 26 * 3_600

    let id: String
    let segments: [Segment]
    private let abbreviations: [String]
    private let tail: PosixZoneRule?
    // For each bucket of 2^23 s (97 days) since 1970 the segment that holds its start: look-up without a search.
    private let buckets: [UInt16]
    private static let bucketShift = 23

    /// - Parameters:
    ///   - first: the local time before the first transition.
    ///   - transitions: in ascending order.
    ///   - tail: the rule after the last transition.
    init(id: String, first: PosixZoneRule.Local, transitions: [Transition], tail: PosixZoneRule?) {
        self.id = id
        self.tail = tail
        var all = transitions
        if let tail { all += Self.transitions(of: tail, after: transitions.last?.at ?? -Self.endOfTime) }
        var names: [String] = []
        segments = Self.segments(first: first, transitions: all, names: &names)
        abbreviations = names
        buckets = Self.buckets(segments)
    }

    static let utc = TimeZoneRules(
        id: "UTC", first: .init(offset: 0, abbreviation: "UTC"), transitions: [], tail: nil)

    private static func transitions(of rule: PosixZoneRule, after last: Int) -> [Transition] {
        var result: [Transition] = []
        let firstYear = max(CivilTime.date(ofDay: max(last, 0) / CivilTime.secondsPerDay).year - 1, 1_900)
        guard firstYear <= CivilTime.years.upperBound + 1 else { return [] }
        for year in firstYear...(CivilTime.years.upperBound + 1) {
            for transition in rule.transitions(year: year) where transition.at > last {
                result.append(Transition(at: transition.at, local: transition.local))
            }
        }
        // A rule may move a change by up to a week, across New Year.
        return result.sorted { $0.at < $1.at }
    }

    private static func segments(
        first: PosixZoneRule.Local, transitions: [Transition], names: inout [String]
    ) -> [Segment] {
        var result: [Segment] = []
        func append(_ start: Int, _ local: PosixZoneRule.Local) {
            let known = names.firstIndex(of: local.abbreviation)
            if known == nil && names.count < 255 { names.append(local.abbreviation) }
            let name = known ?? names.count - 1
            if let last = result.last, last.offset == local.offset, Int(last.abbreviation) == name { return }
            if let last = result.last, last.start >= start { result.removeLast() }
            result.append(
                Segment(
                    start: start, end: endOfTime, offset: local.offset, wallStart: start + local.offset,
                    wallEnd: endOfTime + local.offset, firstPassFrom: 0, lastPassUntil: 0, gapStart: 0, gapRun: start,
                    abbreviation: UInt8(name)))
        }
        append(-endOfTime, first)
        for transition in transitions { append(transition.at, transition.local) }
        link(&result)
        return result
    }

    /// Fills in what a segment has to know of its neighbours.
    private static func link(_ segments: inout [Segment]) {
        for index in segments.indices.dropLast() {
            segments[index].end = segments[index + 1].start
            segments[index].wallEnd = segments[index].end + segments[index].offset
        }
        var shownUntil = -endOfTime - maxOffset
        for index in segments.indices {
            let segment = segments[index]
            segments[index].firstPassFrom = max(segment.wallStart, shownUntil)
            let isGap = index > 0 && shownUntil < segment.wallStart
            segments[index].gapStart = isGap ? shownUntil : segment.wallStart
            if isGap { segments[index].gapRun = segment.start + (60 - segment.wallStart % 60) % 60 }
            shownUntil = max(shownUntil, segment.wallEnd)
        }
        var shownFrom = endOfTime + maxOffset
        for index in segments.indices.reversed() {
            segments[index].lastPassUntil = min(segments[index].wallEnd, shownFrom)
            shownFrom = min(shownFrom, segments[index].wallStart)
        }
    }

    private static func buckets(_ segments: [Segment]) -> [UInt16] {
        var result: [UInt16] = []
        var index = 0
        for start in stride(from: 0, to: CivilTime.endOfYears + (1 << bucketShift), by: 1 << bucketShift) {
            while segments[index].end <= start { index += 1 }
            result.append(UInt16(truncatingIfNeeded: index))
        }
        return result
    }

    /// The index of the segment that holds a UTC second.
    @inline(__always)
    func index(at second: Int) -> Int {
        guard second >= 0 else { return indexBefore1970(second) }
        var index = Int(buckets[min(second >> Self.bucketShift, buckets.count - 1)])
        while segments[index].end <= second { index += 1 }
        return index
    }

    private func indexBefore1970(_ second: Int) -> Int {
        var index = Int(buckets[0])
        while index > 0, segments[index].start > second { index -= 1 }
        return index
    }

    /// Offset and abbreviation at any UTC second, beyond 2200 too.
    func local(at second: Int) -> PosixZoneRule.Local {
        if let tail, second >= CivilTime.endOfYears { return tail.local(at: second) }
        let segment = segments[index(at: second)]
        return .init(offset: segment.offset, abbreviation: abbreviations[Int(segment.abbreviation)])
    }
}
