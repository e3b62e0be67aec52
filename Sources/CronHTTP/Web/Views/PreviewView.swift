import CronEngine
import CronModel
import CronSchedule

/// What a schedule would do, as the API's preview tells it.
struct PreviewView: Sendable {
    /// Times that are shown.
    static let rows = 20

    let words: String?
    let notices: [String]
    let times: [PreviewTimeView]
    let hasTimes: Bool
    let faults: [PreviewFaultView]
    let isBlank: Bool
    let strip: StripView?

    /// Nothing is typed yet.
    static let blank = PreviewView(words: nil, notices: [], times: [], strip: nil, faults: [], isBlank: true)

    private init(
        words: String?, notices: [String], times: [PreviewTimeView], strip: StripView?, faults: [PreviewFaultView],
        isBlank: Bool = false
    ) {
        self.words = words
        self.notices = notices
        self.times = times
        hasTimes = !times.isEmpty
        self.strip = strip
        self.faults = faults
        self.isBlank = isBlank
    }

    init(_ preview: SchedulePreview, now: Instant) {
        let answer = preview.json
        var offsets: [String: Int] = [:]
        var shown: [PreviewTimeView] = []
        for item in answer["next"]?.arrayValue ?? [] {
            guard let text = item["instant"]?.stringValue, let instant = try? Instant(rfc3339: text),
                let zone = item["zone"]?.stringValue
            else { continue }
            let view = PreviewTimeView(shown.count + 1, instant, zone: zone, now: now, offsetBefore: offsets[zone])
            offsets[zone] = view.offsetSeconds
            shown.append(view)
        }
        self.init(
            words: answer["explanation"]?.stringValue,
            notices: (answer["notices"]?.arrayValue ?? []).compactMap { $0.stringValue.map(ShownText.line) },
            times: shown, strip: shown.isEmpty ? nil : StripView(preview.week), faults: [])
    }

    /// - Parameter schedule: as it was typed.
    init(_ problems: [FieldProblem], schedule: String) {
        self.init(
            words: nil, notices: [], times: [], strip: nil,
            faults: problems.map { PreviewFaultView($0, schedule: schedule) })
    }
}

struct PreviewTimeView: Sendable {
    let number: String
    let datetime: String
    let relative: String
    let local: String
    let zone: String
    let offset: String
    let utc: String
    /// The clock was changed since the time before.
    let change: String?
    let offsetSeconds: Int

    init(_ number: Int, _ instant: Instant, zone: String, now: Instant, offsetBefore: Int?) {
        let local = try? ZoneCatalog.localTime(of: instant, in: zone)
        self.number = "\(number)"
        datetime = instant.description
        let distance = instant - now
        relative =
            distance > .zero ? "in \(DurationText.coarse(distance))" : "\(DurationText.coarse(.zero - distance)) ago"
        self.local = local.map(Self.text) ?? instant.description
        self.zone = zone
        offsetSeconds = local?.utcOffsetSeconds ?? 0
        offset = Self.text(offset: offsetSeconds)
        utc = (try? ZoneCatalog.localTime(of: instant, in: "UTC")).map(Self.text) ?? instant.description
        change = offsetBefore.flatMap { [offset, offsetSeconds] before in
            before == offsetSeconds ? nil : "Clocks changed: \(Self.text(offset: before)) before, \(offset) from here"
        }
    }

    private static func text(_ local: LocalTime) -> String {
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][local.weekday]
        return
            "\(weekday) \(local.year)-\(two(local.month))-\(two(local.day)) \(two(local.hour)):\(two(local.minute)):\(two(local.second))"
    }

    private static func text(offset seconds: Int) -> String {
        let minutes = abs(seconds) / 60
        return "UTC\(seconds < 0 ? "−" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// What is wrong with a schedule, and where in it.
struct PreviewFaultView: Sendable {
    let message: String
    let place: String?
    /// The schedule with a mark below the place.
    let pointer: String?

    init(_ problem: FieldProblem, schedule: String) {
        message = ShownText.line(problem.message)
        place = problem.field.isEmpty || problem.field == "schedule" ? nil : problem.field
        guard problem.field == "schedule", let column = problem.column, (1...200).contains(column),
            schedule.utf8.count <= 200, schedule.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            pointer = nil
            return
        }
        pointer = "\(schedule)\n\(String(repeating: " ", count: column - 1))^"
    }
}
