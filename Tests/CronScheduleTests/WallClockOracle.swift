import CronSchedule

/// A slow and simple reading of Docs/schedules.md §5, sharing nothing with the library but zone look-up by instant.
///
/// It walks every second or minute of a window around a clock change, first on the wall clock (which readings
/// does the expression want, and how often do they exist), then as instants.
struct WallClockOracle {
    let fields: [Set<Int>]  // second, minute, hour
    let isWild: Bool
    let gap: Schedule.DSTGap
    let fold: Schedule.DSTFold
    let readings: Readings

    /// Every looked-at instant of a window with its clock reading.
    struct Readings {
        let step: Int
        let pairs: [(wall: Int, second: Int)]

        init(zone: String, from: Int, to: Int, step: Int) throws {
            self.step = step
            pairs = try stride(from: from, to: to, by: step).map { second in
                let local = try ZoneCatalog.localTime(of: Instant(seconds: Int64(second)), in: zone)
                return (second + local.utcOffsetSeconds, second)
            }
        }
    }

    private func wants(_ wall: Int) -> Bool {
        fields[0].contains(wall % 60) && fields[1].contains(wall / 60 % 60) && fields[2].contains(wall / 3_600 % 24)
    }

    /// Runs of the window in UTC seconds; right only well inside it.
    func runs() -> [Int] {
        let pairs = readings.pairs
        if isWild { return pairs.filter { wants($0.wall) }.map(\.second) }
        let instantsByWall = Dictionary(grouping: pairs, by: \.wall)
        var result: Set<Int> = []
        for wall in stride(from: pairs[0].wall, through: pairs[pairs.count - 1].wall, by: readings.step)
        where wants(wall) {
            let seconds = instantsByWall[wall]?.map(\.second) ?? []
            if seconds.isEmpty {
                // The first looked-at instant whose reading lies beyond the lost one.
                if gap == .shift, let after = pairs.first(where: { $0.wall > wall }) { result.insert(after.second) }
            } else {
                switch fold {
                case .first: result.insert(seconds[0])
                case .last: result.insert(seconds[seconds.count - 1])
                case .both: result.formUnion(seconds)
                }
            }
        }
        return result.sorted()
    }
}
