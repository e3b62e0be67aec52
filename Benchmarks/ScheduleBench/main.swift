import CronSchedule

/// Nanoseconds per `next`, one JSON line per row: `schedule-bench [ROUNDS]`.
struct Row {
    var expression: String
    var zone = "America/New_York"
    var fold = Schedule.DSTFold.first
}

let rows = [
    Row(expression: "*/5 * * * *"),
    Row(expression: "0 9 * * 1-5"),
    Row(expression: "0 0 29 2 *"),
    Row(expression: "*/5 * * * *", zone: "UTC"),
    Row(expression: "0 9 * * 1-5", zone: "UTC"),
    Row(expression: "0 0 29 2 *", zone: "UTC"),
    Row(expression: "* * * * * *"),
    Row(expression: "30 2 * * *"),
    Row(expression: "30 1 * * *", fold: .both),
    Row(expression: "0 0 15W * *"),
    Row(expression: "0 0 L-3 * *"),
    Row(expression: "0 0 * * FRI#2"),
    Row(expression: "0 0 * * 5L"),
    Row(expression: "0 0 13 * +5"),
    Row(expression: "0 0 13 * 5"),
    Row(expression: "H H(9-17) * * 1-5"),
    Row(expression: "0 0 29 2 +MON"),
    Row(expression: "0 30 9 L 2/3 ? 2026/4"),
    Row(expression: "0 0 0 29 2 +SUN#5 *"),
    Row(expression: "*/15 9-17 * * 1-5", zone: "Africa/Casablanca"),
    Row(expression: "@every 90m"),
]

/// Runs asked for in one round.
let callsPerRound = 200_000
let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 7
let clock = ContinuousClock()
let start = try Instant(rfc3339: "2026-01-01T00:00:00Z")

for row in rows {
    let options = Schedule.Options(timezone: row.zone, dstFold: row.fold, jobID: "job-1", anchor: start)
    let schedule = try Schedule(row.expression, options: options)
    var samples: [Double] = []
    var last = start
    for _ in 0..<max(5, rounds) {
        last = start
        let taken = clock.measure {
            for _ in 0..<callsPerRound {
                // A schedule that has reached 2200 begins anew.
                last = schedule.next(after: last) ?? start
            }
        }
        let nanoseconds = Double(taken.components.seconds) * 1e9 + Double(taken.components.attoseconds) / 1e9
        samples.append(nanoseconds / Double(callsPerRound))
    }
    samples.sort()
    func shown(_ value: Double) -> String { String(Double(Int(value * 10)) / 10) }
    print(
        "{\"expression\":\"\(row.expression)\",\"zone\":\"\(row.zone)\",\"dst_fold\":\"\(row.fold.rawValue)\","
            + "\"ns_min\":\(shown(samples[0])),\"ns_median\":\(shown(samples[samples.count / 2])),"
            + "\"ns_max\":\(shown(samples[samples.count - 1])),\"rounds\":\(samples.count),\"calls\":\(callsPerRound),"
            + "\"last\":\"\(last)\"}")
}

/// One JSON line for work other than `next`.
func measure(_ name: String, calls: Int, _ work: () throws -> Void) rethrows {
    var samples: [Double] = []
    for _ in 0..<max(5, rounds) {
        let taken = try clock.measure { for _ in 0..<calls { try work() } }
        let nanoseconds = Double(taken.components.seconds) * 1e9 + Double(taken.components.attoseconds) / 1e9
        samples.append(nanoseconds / Double(calls))
    }
    samples.sort()
    print(
        "{\"operation\":\"\(name)\",\"ns_min\":\(Int(samples[0])),\"ns_median\":\(Int(samples[samples.count / 2])),"
            + "\"ns_max\":\(Int(samples[samples.count - 1])),\"rounds\":\(samples.count),\"calls\":\(calls)}")
}

let newYork = Schedule.Options(timezone: "America/New_York")
let everySecond = try Schedule("* * * * * *", options: newYork)
let hardest = try Schedule("0 0 0 29 2 +SUN#5 *", options: newYork)
let firstInstant = Instant(microseconds: .min)
let lastInstant = Instant(microseconds: .max)
try measure("parse 0 9 * * 1-5", calls: 10_000) { _ = try Schedule("0 9 * * 1-5", options: newYork) }
try measure("parse 0 0 30 2 * (impossible)", calls: 1_000) { _ = try Schedule("0 0 30 2 *", options: newYork) }
measure("previous * * * * * *", calls: 100_000) { _ = everySecond.previous(before: start) }
measure("count * * * * * * over 10 years", calls: 1_000) {
    _ = everySecond.count(after: start, through: start + .days(3_652))
}
measure("count * * * * * * over 230 years", calls: 100) {
    _ = everySecond.count(after: firstInstant, through: lastInstant)
}
measure("count 0 0 0 29 2 +SUN#5 * over 230 years", calls: 100) {
    _ = hardest.count(after: firstInstant, through: lastInstant)
}
let unknownZone = Schedule.Options(timezone: "Europe/Berlim")
measure("refuse an unknown zone, suggestions included", calls: 10) {
    _ = try? Schedule("* * * * *", options: unknownZone)
}
