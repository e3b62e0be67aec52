/// Single wall-clock times in a zone, for one-shots (Docs/schedules.md §9).
extension TimeZoneRules {
    /// How often a wall-clock time exists.
    enum Occurrence {
        case once(Int)
        /// The clock jumps over it; the UTC second of the run after the gap.
        case gap(run: Int)
        /// It is shown twice; both UTC seconds.
        case fold(first: Int, last: Int)
    }

    func occurrence(ofWall wall: Int) -> Occurrence {
        var seconds: [Int] = []
        var gapRun = wall
        for segment in segments {
            if segment.wallStart <= wall && wall < segment.wallEnd { seconds.append(wall - segment.offset) }
            if segment.gapStart <= wall && wall < segment.wallStart { gapRun = segment.gapRun }
        }
        guard let first = seconds.first, let last = seconds.last else { return .gap(run: gapRun) }
        return first == last ? .once(first) : .fold(first: first, last: last)
    }
}
