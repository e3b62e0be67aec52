import CronSchedule
import Testing

/// An instant from RFC 3339, for tables.
func at(_ text: String) throws -> Instant { try Instant(rfc3339: text) }

/// The first runs after an instant as local times with offsets, `2021-03-14T03:00:00-04:00`.
func localRuns(
    _ expression: String, in zone: String = "UTC", after: String, count: Int = 3, gap: Schedule.DSTGap = .shift,
    fold: Schedule.DSTFold = .first, dialect: Schedule.Dialect = .cronpp, jobID: String? = nil
) throws -> [String] {
    let options = Schedule.Options(timezone: zone, dialect: dialect, dstGap: gap, dstFold: fold, jobID: jobID)
    let schedule = try Schedule(expression, options: options)
    return try schedule.upcoming(after: at(after), count: count).map {
        try ZoneCatalog.localTime(of: $0, in: schedule.zone).text
    }
}

/// The runs of one local day, clock readings only; `24:00` style days are not needed.
func runs(
    _ expression: String, in zone: String, from: String, to: String, gap: Schedule.DSTGap = .shift,
    fold: Schedule.DSTFold = .first
) throws -> [String] {
    let schedule = try Schedule(expression, options: .init(timezone: zone, dstGap: gap, dstFold: fold))
    let end = try at(to)
    var result: [String] = []
    var last = try at(from) - .microseconds(1)
    while let next = schedule.next(after: last), next < end {
        result.append(try ZoneCatalog.localTime(of: next, in: zone).text)
        last = next
    }
    return result
}

/// The error of a text that must be refused.
func refusal(_ text: String, _ options: Schedule.Options = .init(jobID: "job-1")) -> ScheduleError? {
    do throws(ScheduleError) {
        _ = try Schedule(text, options: options)
        return nil
    } catch {
        return error
    }
}

/// SplitMix64: small, seeded, the same everywhere.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
