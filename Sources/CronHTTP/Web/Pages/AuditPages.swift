import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// The audit log of the space: for its admins.
struct AuditPages: Sendable {
    static let rows = 25
    static let region = "audit-region"

    let routes: AuditRoutes
    let people: People
    let clock: any EngineClock

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        let owner = try request.base.owner
        let filter = AuditFilter(request)
        let isWrong = !filter.problems.isEmpty
        let page: Page<AuditRecord> =
            isWrong ? Page(items: [], next: nil) : try await routes.store.audit(filter.query(space: owner))
        let lines = page.items.map(AuditLine.init)
        let view = AuditPageView(
            filter, lines, next: page.next, try await people.emails(of: Set(lines.flatMap(\.people)), space: owner),
            TimeText(now: clock.now, choices: request.choices))
        return .page(
            WebPage(
                title: "Audit log", template: "audit", view: view, regions: [Self.region], section: .settings,
                status: isWrong ? .unprocessableContent : .ok))
    }

    /// The API's export, for whoever has the cookie.
    @Sendable func export(_ request: WebRequest) async throws -> WebReply {
        var response = try await routes.export(request.base)
        for field in WebHeaders.file { response.headers[field.name] = field.value }
        return .response(response)
    }
}

/// What the address of the log says: it can be kept as a link.
struct AuditFilter: Sendable {
    private(set) var target: String?
    private(set) var from: Instant?
    private(set) var to: Instant?
    /// As they were typed.
    private(set) var fromText = ""
    private(set) var toText = ""
    private(set) var cursor: PageCursor?
    /// What is wrong with it: then nothing is listed.
    private(set) var problems: [FieldProblem] = []

    init(_ request: WebRequest) {
        var reader = request.chosen
        target = reader.string("target")
        fromText = reader.string("from") ?? ""
        toText = reader.string("to") ?? ""
        (_, cursor, _) = reader.page()
        do throws(Problem) {
            try reader.finish()
        } catch {
            problems = error.errors
        }
        let zone = request.choices.zone(job: "UTC")
        from = instant("from", fromText, in: zone)
        to = instant("to", toText, in: zone)
    }

    private mutating func instant(_ field: String, _ text: String, in zone: String) -> Instant? {
        guard !text.isEmpty else { return nil }
        if let instant = TypedTime.instant(text, in: zone) { return instant }
        problems.append(FieldProblem(field: field, message: TypedTime.expected))
        return nil
    }

    func query(space: UserID) -> AuditQuery {
        var query = AuditQuery(space: space)
        query.target = target
        query.from = from
        query.to = to
        query.after = cursor
        query.descending = true
        query.limit = AuditPages.rows
        return query
    }

    var isNarrowed: Bool { target != nil || !fromText.isEmpty || !toText.isEmpty || !problems.isEmpty }

    /// The address of this list.
    func path(cursor: PageCursor? = nil) -> String {
        let parts = [
            ("target", target), ("from", from?.description), ("to", to?.description), ("cursor", cursor?.text),
        ]
        return RunsFilter.path(.audit, parts.compactMap { name, value in value.map { (name, $0) } })
    }
}

/// A record as it says itself what it is.
struct AuditLine: Sendable {
    let sequence: Int64
    let at: Instant
    let act: String
    let target: String?
    let user: UserID?
    let key: ResourceID?
    let address: String
    let requestID: String
    let before: JSONValue?
    let after: JSONValue?

    init(_ record: AuditRecord) {
        let entry = JSONValue(text: record.text)
        sequence = record.sequence
        at = record.at
        act = entry?["act"]?.stringValue ?? ""
        target = entry?["target"]?.stringValue
        user = entry?["user_id"]?.stringValue.flatMap { UserID($0) }
        key = entry?["api_key_id"]?.stringValue.flatMap { ResourceID($0) }
        address = entry?["address"]?.stringValue ?? ""
        requestID = entry?["request_id"]?.stringValue ?? ""
        before = entry?["before"]
        after = entry?["after"]
    }

    /// What kind of thing it was done to: an act is `KIND.VERB`.
    var kind: String { String(act.prefix { $0 != "." }) }

    /// The user that it was done to.
    var targetUser: UserID? {
        ["user", "account", "session"].contains(kind) ? target.flatMap { UserID($0) } : nil
    }

    /// Those whose names a reader wants to know.
    var people: [UserID] { [user, targetUser].compactMap(\.self) }
}
