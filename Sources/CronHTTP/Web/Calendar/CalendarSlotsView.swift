import CronEngine
import CronModel
import CronSchedule

/// What fires in one stretch of the calendar, as its template sees it.
struct CalendarSlotsView: Sendable {
    let title: String
    let summary: String
    let back: String
    /// What ran, for a time that is over.
    let history: String?
    let slots: [SlotView]
    let hasSlots: Bool
    let earlier: String?
    let later: String?
    let tag: String?
    let clearPath: String
    /// What the form about a tag carries.
    let fields: [DecisionView.Field]

    struct SlotView: Sendable {
        let slotKey: String
        let jobName: String
        let jobPath: String
        let at: TimeView
        let clock: String
        let words: String
    }

    /// - Parameter list: nil for a time that is over.
    init(_ list: SlotList?, of stretch: CalendarFilter.Stretch, _ filter: CalendarFilter, _ times: TimeText) {
        let zone = times.choices.zone(job: "UTC")
        title = Self.title(stretch, in: zone)
        back = filter.path()
        history = list == nil ? Self.history(stretch, filter) : nil
        slots = (list?.items ?? []).map { Self.slot($0, times) }
        hasSlots = !slots.isEmpty
        summary = Self.summary(list, first: (stretch.page - 1) * CalendarPages.rows, shown: slots.count)
        func page(_ number: Int) -> String {
            filter.link(CalendarFilter.Stretch(from: stretch.from, length: stretch.length, page: number))
        }
        let last = list?.items == nil ? 1 : ((list?.count ?? 0) + CalendarPages.rows - 1) / CalendarPages.rows
        earlier = stretch.page > 1 ? page(min(stretch.page - 1, max(1, last))) : nil
        later = stretch.page < last ? page(stretch.page + 1) : nil
        tag = filter.tag
        let here = CalendarFilter.Stretch(from: stretch.from, length: stretch.length, page: 1)
        clearPath = filter.withoutTag.link(here)
        fields = filter.fields(here).map(DecisionView.Field.init)
    }

    private static func title(_ stretch: CalendarFilter.Stretch, in zone: String) -> String {
        guard let from = try? ZoneCatalog.localTime(of: stretch.from, in: zone),
            let to = try? ZoneCatalog.localTime(of: stretch.to, in: zone)
        else { return "\(stretch.from)" }
        // Where the clocks are changed the same numbers mean two times.
        return "\(from.dayText), \(from.timeText) to \(to.timeText) \(from.abbreviation ?? zone)"
    }

    private static func history(_ stretch: CalendarFilter.Stretch, _ filter: CalendarFilter) -> String {
        var parts: [(name: String, value: String)] = [
            ("from", stretch.from.description), ("to", stretch.to.description),
        ]
        if let tag = filter.tag { parts.append((name: "tag", value: tag)) }
        return RunsFilter.path(.runs, parts)
    }

    private static func slot(_ slot: JobSlot, _ times: TimeText) -> SlotView {
        let local = try? ZoneCatalog.localTime(of: slot.at, in: slot.zone)
        let clock = local.map { "\($0.timeText):\(ClockText.two($0.second)) " } ?? ""
        return SlotView(
            slotKey: "\(slot.job) \(slot.at) \(slot.zone)", jobName: ShownText.line(slot.name),
            jobPath: "/jobs/\(slot.job)", at: times.view(slot.at, zone: slot.zone), clock: clock + slot.zone,
            words: slot.words)
    }

    private static func summary(_ list: SlotList?, first: Int, shown: Int) -> String {
        guard let list else { return "This time is over: what ran then is told by the list of runs." }
        let count = CountText.text(list.count)
        let cut =
            list.jobs.isCut
            ? " There are more jobs: the oldest \(CountText.text(list.jobs.count)) were looked at." : ""
        guard list.items != nil else {
            return "Jobs fire \(count) times here. Each by itself is listed up to "
                + "\(CountText.text(JobControl.slotLimit)); choose a tag or a shorter time.\(cut)"
        }
        guard list.count > 0 else { return "No active job fires in this time.\(cut)" }
        guard shown > 0 else { return "There are \(count) slots, and none so late in the list.\(cut)" }
        if shown == list.count { return "\(list.count == 1 ? "1 slot" : "\(count) slots"), the earliest first.\(cut)" }
        return "\(CountText.text(first + 1)) to \(CountText.text(first + shown)) of \(count) slots, the earliest first.\(cut)"
    }
}
