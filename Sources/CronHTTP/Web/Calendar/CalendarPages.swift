import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// When jobs will fire: how often in each hour, and what in one of them.
struct CalendarPages: Sendable {
    static let region = "calendar-region"
    /// Slots of one page.
    static let rows = 200
    /// Counts of more jobs than this are kept for `remembered`: reading ten thousand jobs takes most of a second.
    static let cheapJobs = 1_000
    static let remembered = Span.minutes(1)
    /// Calendars that are kept; each is some 200 numbers.
    static let kept = 100

    let jobs: JobControl
    let clock: any EngineClock
    private let known: Remembered<Key, CalendarCount>

    private struct Key: Hashable {
        let space: UserID
        let tag: String?
        let range: CalendarRange
        let zone: String
    }

    init(jobs: JobControl, clock: any EngineClock) {
        self.jobs = jobs
        self.clock = clock
        known = Remembered(for: Self.remembered, limit: Self.kept, clock: clock)
    }

    @Sendable func show(_ request: WebRequest) async throws -> WebReply {
        let filter = try CalendarFilter(request)
        let owner = try request.base.owner
        if let stretch = filter.stretch { return try await list(stretch, filter, owner, request) }
        let count = try await count(filter, owner, zone: request.choices.zone(job: "UTC"))
        var hasJobs = count.jobs.count > 0
        if !hasJobs { hasJobs = try await hasAny(owner) }
        let view = CalendarPageView(
            count, filter, hasJobs: hasJobs, isOfEachJob: request.choices.zone == .job, mayMake: request.may(.write))
        return .page(
            WebPage(
                title: "Calendar", template: "calendar", view: view, regions: [Self.region], section: .calendar))
    }

    private func count(_ filter: CalendarFilter, _ owner: UserID, zone: String) async throws -> CalendarCount {
        let key = Key(space: owner, tag: filter.tag, range: filter.range, zone: zone)
        if let count = known[key] { return count }
        let grid = try CalendarGrid(filter.range, at: clock.now, in: zone)
        let stretches = grid.stretches
        let slots = try await jobs.slotCounts(
            filter.query(owner: owner), edges: CalendarGrid.edges(stretches, after: grid.now))
        let counts = Dictionary(zip(stretches, slots.counts)) { first, _ in first }
        let count = CalendarCount(grid: grid, counts: counts, jobs: slots.jobs)
        if slots.jobs.count > Self.cheapJobs { known[key] = count }
        return count
    }

    /// Whether there are jobs at all that do not fire now.
    private func hasAny(_ owner: UserID) async throws(ControlError) -> Bool {
        var query = JobQuery(owner: owner)
        query.limit = 1
        return try await jobs.list(query).items.isEmpty == false
    }

    private func list(
        _ stretch: CalendarFilter.Stretch, _ filter: CalendarFilter, _ owner: UserID, _ request: WebRequest
    ) async throws -> WebReply {
        let times = TimeText(now: clock.now, choices: request.choices)
        // What has been is history, which the list of runs tells.
        let from = max(stretch.from, times.now + .microseconds(1))
        let first = (stretch.page - 1) * Self.rows
        let slots =
            from < stretch.to
            ? try await jobs.slots(
                filter.query(owner: owner), from: from, to: stretch.to, places: first..<first + Self.rows) : nil
        let view = CalendarSlotsView(slots, of: stretch, filter, times)
        return .page(WebPage(title: view.title, template: "calendar-slots", view: view, section: .calendar))
    }
}

/// How many slots the cells of a calendar have.
struct CalendarCount: Sendable {
    let grid: CalendarGrid
    /// Of the stretches that are not over.
    let counts: [CalendarStretch: Int]
    let jobs: CountedJobs
}
