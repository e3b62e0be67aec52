import CronEngine
import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// What is done to all jobs that the list's filter selects.
struct ManyJobsPages: Sendable {
    let jobs: JobControl
    let counts: WebCounts

    @Sendable func pause(_ request: WebRequest) async throws -> WebReply { try await decide(.pause, request) }
    @Sendable func resume(_ request: WebRequest) async throws -> WebReply { try await decide(.resume, request) }
    @Sendable func trigger(_ request: WebRequest) async throws -> WebReply { try await decide(.trigger, request) }
    @Sendable func delete(_ request: WebRequest) async throws -> WebReply { try await decide(.delete, request) }

    /// Without the number that is expected, nothing is done: the page says what would be.
    private func decide(_ verb: BulkVerb, _ request: WebRequest) async throws -> WebReply {
        let selection = JobsSelection(request.form)
        guard let expected = try request.form.expectedCount() else {
            return try await review(verb, selection, request)
        }
        let key = verb == .trigger ? try request.once("bulk trigger \(selection.text)") : nil
        let actor = try request.base.actor
        let answer: BulkAnswer<NamedJob, BulkJobs>
        do throws(ControlError) {
            answer = try await jobs.decideMany(
                verb, body: selection.body(expecting: expected), by: actor, idempotency: key)
        } catch {
            guard case .unexpectedCount = error else { throw error }
            return try await review(verb, selection, request, expected: expected)
        }
        guard case .done(let done) = answer else { return .seeOther(.jobs) }
        if verb == .delete { counts.forget() }
        let refusals = done.failed.map { Problem(control: $0.error).detail }
        let text = DecisionView.done(done.done, of: done.count, Self.things, verb.done, refusals: refusals)
        return .seeOther(request.next(else: .jobs), Flash(text))
    }

    private func review(
        _ verb: BulkVerb, _ selection: JobsSelection, _ request: WebRequest, expected: Int? = nil
    ) async throws -> WebReply {
        let answer = try await jobs.decideMany(verb, body: selection.body(expecting: nil), by: request.base.actor)
        guard case .dry(let dry) = answer else { return .seeOther(.jobs) }
        let sample = dry.sample.map { DecisionView.Sample(text: ShownText.line($0.name), path: "/jobs/\($0.id)") }
        let view = DecisionView(
            verb.word, dry.count, Self.things, consequence: verb.consequence, action: "/jobs/bulk/\(verb.rawValue)",
            isGrave: verb == .delete, fields: selection.parts, parts: selection.words, sample: sample,
            expected: expected,
            back: request.next(else: .jobs))
        return .page(
            WebPage(
                title: view.title, template: "decision", view: view, section: .jobs,
                status: expected == nil ? .ok : .conflict))
    }

    static func things(_ count: Int) -> String { count == 1 ? "job" : "jobs" }
}

/// Which jobs a form is about: what the list's filter selects, or all there are.
struct JobsSelection: Sendable {
    private static let names = ["q", "state", "status", "tag", "type"]

    let parts: [(name: String, value: String)]

    init(_ form: FormFields) {
        parts = Self.names.compactMap { name in form[name].flatMap { $0.isEmpty ? nil : (name, $0) } }
    }

    init(_ filter: JobsFilter) {
        let all = [
            ("q", filter.text), ("state", filter.state?.rawValue), ("status", filter.statusText), ("tag", filter.tag),
            ("type", filter.type),
        ]
        parts = all.compactMap { name, value in value.map { (name, $0) } }
    }

    /// As the API takes it.
    /// - Parameter expecting: nil for a dry run.
    func body(expecting count: Int?) -> JSONValue {
        var filter: [String: JSONValue] = [:]
        for (name, value) in parts {
            filter[name] =
                name == "status" ? .array(value.split(separator: ",").map { .string(String($0)) }) : .string(value)
        }
        if filter.isEmpty { filter["all"] = .bool(true) }
        var members: [String: JSONValue] = ["filter": .object(filter)]
        members["expected_count"] = count.map { .integer(Int64($0)) }
        if count == nil { members["dry_run"] = .bool(true) }
        return .object(members)
    }

    var text: String { RunsFilter.path(.jobs, parts) }

    /// As people read it.
    var words: [DecisionView.Part] {
        parts.map { name, value in
            switch name {
            case "q": .init(label: "Name", value: "with “\(ShownText.line(value))”")
            case "state": .init(label: "State", value: ShownText.line(value))
            case "status": .init(label: "Last run", value: ShownText.line(value))
            case "tag": .init(label: "Tag", value: ShownText.line(value))
            default: .init(label: "Type", value: ShownText.line(value))
            }
        }
    }
}

/// The buttons below the list of jobs that are about all that match, and not about one page of them.
struct ManyJobsView: Sendable {
    let buttons: [Button]
    let fields: [DecisionView.Field]

    struct Button: Sendable {
        let text: String
        let path: String
        let isGrave: Bool
    }

    /// Nil where there is nothing that the visitor may do to more than one.
    init?(_ filter: JobsFilter, count: Int, for request: WebRequest) {
        guard count > 1, request.may(.operate) else { return nil }
        let verbs: [BulkVerb] = [.pause, .resume, .trigger] + (request.may(.write) ? [.delete] : [])
        let which = filter.isNarrowed ? " that match" : ""
        buttons = verbs.map { verb in
            Button(
                text: "\(verb.word) all \(CountText.text(count))\(which)…", path: "/jobs/bulk/\(verb.rawValue)",
                isGrave: verb == .delete)
        }
        fields = JobsSelection(filter).parts.map(DecisionView.Field.init)
    }
}

extension BulkVerb {
    fileprivate var word: String {
        switch self {
        case .pause: "Pause"
        case .resume: "Resume"
        case .trigger: "Run"
        case .delete: "Delete"
        }
    }

    fileprivate var done: String {
        switch self {
        case .pause: "paused"
        case .resume: "resumed"
        case .trigger: "started"
        case .delete: "deleted"
        }
    }

    fileprivate var consequence: String {
        switch self {
        case .pause: "Their schedules stop until somebody resumes them. Runs that are under way go on."
        case .resume: "Their schedules go on. Each job says by itself what becomes of the slots that it missed."
        case .trigger: "One run of each begins now, besides those of the schedules."
        case .delete:
            "Their schedules end, and runs that wait are skipped. What ran can be read for some time. This cannot be undone."
        }
    }
}
