import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// The list of jobs.
struct JobsPages: Sendable {
    static let rows = 50
    static let region = "jobs-region"

    let jobs: JobControl
    let clock: any EngineClock

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        let filter = try JobsFilter(request)
        let page = try await jobs.list(filter.query(owner: request.base.owner))
        let times = TimeText(now: clock.now, choices: request.choices)
        let count = try await count(filter, page, request)
        let view = JobsPageView(
            filter: filter, many: ManyJobsView(filter, count: count, for: request),
            rows: page.items.map { JobRowView($0, times, for: request) },
            next: page.next.map { filter.path(cursor: $0.text) }, isFirst: filter.cursor == nil, mayMake: request.may(.write))
        return .page(
            WebPage(title: "Jobs", template: "jobs", view: view, regions: [Self.region], section: .jobs))
    }

    /// How many the filter selects; asked only where the page does not show it and somebody could use it.
    private func count(_ filter: JobsFilter, _ page: Page<JobAnswer>, _ request: WebRequest) async throws -> Int {
        if page.next == nil, filter.cursor == nil { return page.items.count }
        guard request.may(.operate), request.region == nil else { return 0 }
        var query = try filter.query(owner: request.base.owner)
        query.after = nil
        return try await jobs.count(query)
    }
}

/// What the address of the list says: it can be kept as a link.
struct JobsFilter: Sendable {
    var text: String?
    var state: JobState?
    var statuses: Set<RunStatus> = []
    var tag: String?
    var type: String?
    var sort = JobSort.name
    var isDescending = false
    var cursor: PageCursor?

    /// What lists of the pages are sorted by.
    static let sorts: [JobSort] = [.name, .nextRunTime, .updatedAt, .createdAt]

    init(_ request: WebRequest) throws {
        var reader = request.chosen
        text = reader.string("q")
        state = reader.choice("state", JobState.self)
        statuses = reader.statuses("status")
        tag = reader.string("tag")
        type = reader.string("type")
        sort = reader.choice("sort", JobSort.self) ?? .name
        (_, cursor, isDescending) = reader.page(sort: sort)
        try reader.finish()
    }

    func query(owner: UserID) -> JobQuery {
        var query = JobQuery(owner: owner)
        query.text = text
        query.state = state
        query.statuses = statuses
        query.tag = tag
        query.type = type
        query.sort = sort
        query.descending = isDescending
        query.after = cursor
        query.limit = JobsPages.rows
        return query
    }

    var isNarrowed: Bool { text != nil || state != nil || !statuses.isEmpty || tag != nil || type != nil }

    /// In the order of the statuses, so that equal filters have equal addresses.
    var statusText: String? {
        statuses.isEmpty ? nil : RunStatus.allCases.filter(statuses.contains).map(\.name).joined(separator: ",")
    }

    /// The address of this list.
    func path(cursor: String? = nil) -> String {
        let parts: [(String, String?)] = [
            ("q", text), ("state", state?.rawValue), ("status", statusText), ("tag", tag), ("type", type),
            ("sort", sort == .name ? nil : sort.rawValue), ("order", isDescending ? "desc" : nil), ("cursor", cursor),
        ]
        let query = parts.compactMap { name, value in value.map { "\(name)=\(PercentText.encoded($0))" } }
        return query.isEmpty ? "/jobs" : "/jobs?\(query.joined(separator: "&"))"
    }
}
