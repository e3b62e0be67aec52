import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// What the address of a list of runs says: it can be kept as a link.
struct RunsFilter: Sendable {
    /// The list that it is of.
    let list: LocalPath
    private(set) var job: JobID?
    /// A job's name, or a part of it, as somebody typed it.
    private(set) var jobText = ""
    private(set) var tag: String?
    private(set) var type: String?
    private(set) var statuses: Set<RunStatus> = []
    private(set) var origins: Set<RunOrigin> = []
    private(set) var from: Instant?
    private(set) var to: Instant?
    /// As they were typed.
    private(set) var fromText = ""
    private(set) var toText = ""
    private(set) var cursor: PageCursor?
    /// What is wrong with it: then nothing is listed.
    private(set) var problems: [FieldProblem] = []

    /// - Parameter choosesStatus: dead letters are in one status, whatever they came from.
    init(_ request: WebRequest, of list: LocalPath, choosesStatus: Bool, jobs: JobControl) async throws {
        self.list = list
        var reader = request.chosen
        job = reader.id("job_id")
        jobText = reader.string("job") ?? ""
        tag = reader.string("tag")
        type = reader.string("type")
        if choosesStatus {
            statuses = reader.statuses("status")
            origins = reader.origins("origin")
        }
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
        if job == nil, !jobText.isEmpty { job = try await named(jobText, jobs, owner: request.base.owner) }
    }

    private mutating func instant(_ field: String, _ text: String, in zone: String) -> Instant? {
        guard !text.isEmpty else { return nil }
        if let instant = TypedTime.instant(text, in: zone) { return instant }
        problems.append(FieldProblem(field: field, message: TypedTime.expected))
        return nil
    }

    /// The one job of this name, or else the one that has it in its name.
    private mutating func named(_ text: String, _ jobs: JobControl, owner: UserID) async throws -> JobID? {
        var query = JobQuery(owner: owner)
        query.text = text
        query.sort = .name
        query.limit = PageLimit.standard
        let found = try await jobs.list(query)
        let same = found.items.filter { $0.definition["name"]?.stringValue == text }
        let meant = same.isEmpty ? found.items : same
        if meant.count == 1, found.next == nil || !same.isEmpty { return meant[0].id }
        let message =
            meant.isEmpty ? "no job has this in its name" : "several jobs have this in their names; say more of it"
        problems.append(FieldProblem(field: "job", message: message))
        return nil
    }

    func query(owner: UserID, limit: Int) -> RunQuery {
        var query = RunQuery(owner: owner)
        query.jobID = job
        query.tag = tag
        query.type = type
        query.statuses = statuses
        query.origins = origins
        query.from = from
        query.to = to
        query.after = cursor
        query.descending = true
        query.limit = limit
        return query
    }

    var isNarrowed: Bool {
        !statuses.isEmpty || !origins.isEmpty || !selection.isEmpty || !problems.isEmpty
    }

    /// What requests about many dead letters take.
    var selection: [(name: String, value: String)] {
        [
            ("job_id", job?.description), ("tag", tag), ("type", type), ("from", from?.description),
            ("to", to?.description),
        ].compactMap { name, value in value.map { (name, $0) } }
    }

    /// The address of this list.
    func path(cursor: PageCursor? = nil) -> String {
        let status = RunStatus.allCases.filter(statuses.contains).map(\.name).joined(separator: ",")
        let origin = RunOrigin.allCases.filter(origins.contains).map(\.name).joined(separator: ",")
        let parts =
            selection
            + [("status", status), ("origin", origin), ("cursor", cursor?.text ?? "")].filter { !$0.1.isEmpty }
        return Self.path(list, parts)
    }

    static func path(_ list: LocalPath, _ parts: [(name: String, value: String)]) -> String {
        let query = parts.map { "\($0.name)=\(PercentText.encoded($0.value))" }
        return query.isEmpty ? list.text : "\(list.text)?\(query.joined(separator: "&"))"
    }
}

/// A time as somebody types it into a filter.
enum TypedTime {
    /// What is wrong with something else.
    static let expected = "is not a time such as 2026-12-24, 2026-12-24 18:00 or 2026-12-24T18:00:00Z"

    /// RFC 3339, or a date with or without a time of day by the clocks of a zone. Of a time that happens twice one is taken,
    /// of one that does not exist a neighbour: lists need no more.
    static func instant(_ text: String, in zone: String) -> Instant? {
        if let instant = try? Instant(rfc3339: text) { return instant }
        guard let match = text.wholeMatch(of: /(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?)?/) else { return nil }
        let wall = "\(match.1)T\(match.2 ?? "00:00")\(match.3 ?? ":00")Z"
        guard let asUTC = try? Instant(rfc3339: wall) else { return nil }
        var instant = asUTC
        for _ in 0..<2 {
            guard let local = try? ZoneCatalog.localTime(of: instant, in: zone) else { return asUTC }
            instant = asUTC - .seconds(Int64(local.utcOffsetSeconds))
        }
        return instant
    }
}

extension WebRequest {
    /// What a filter says. A form sends its fields empty where nobody has chosen: as good as absent.
    var chosen: QueryReader {
        let parts = (http.uri.query ?? "").split(separator: "&").filter { !$0.hasSuffix("=") }
        return QueryReader(parts.joined(separator: "&"))
    }
}

/// What lists of runs tell of their jobs.
struct KnownJob: Sendable {
    let name: String
    let zone: String
    /// How often a run is tried before it is given up.
    let attempts: Int?
    let kind: String

    init(_ job: JobAnswer) {
        name = ShownText.line(job.definition["name"]?.stringValue ?? "")
        zone = job.zone
        attempts = job.definition["max_retries"]?.integerValue.map { Int($0) + 1 }
        kind = job.definition["action"]?["type"]?.stringValue ?? ""
    }

    static let deletedName = "a job that is deleted"
}

extension JobControl {
    /// The jobs of some runs, in one read; those that are deleted are left out.
    func known(of runs: [Run], owner: UserID) async throws(ControlError) -> [JobID: KnownJob] {
        let ids = Set(runs.map(\.jobID))
        guard !ids.isEmpty else { return [:] }
        var query = JobQuery(owner: owner)
        query.ids = Array(ids)
        query.limit = ids.count
        return Dictionary(try await list(query).items.map { ($0.id, KnownJob($0)) }) { $1 }
    }
}
