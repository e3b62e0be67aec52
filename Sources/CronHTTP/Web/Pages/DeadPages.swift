import CronEngine
import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// Dead letters, and what people decide about them.
struct DeadPages: Sendable {
    /// Dead letters that one page puts into groups.
    static let runs = 200
    static let region = "dead-region"

    let jobs: JobControl
    let runs: RunControl
    let counts: WebCounts
    let clock: any EngineClock

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        let owner = try request.base.owner
        let filter = try await RunsFilter(request, of: .dead, choosesStatus: false, jobs: jobs)
        let isWrong = !filter.problems.isEmpty
        let page =
            isWrong
            ? Page(items: [], next: nil) : try await runs.deadLetters(filter.query(owner: owner, limit: Self.runs))
        let view = DeadPageView(
            filter, page, try await jobs.known(of: page.items, owner: owner),
            TimeText(now: clock.now, choices: request.choices), for: request)
        return .page(
            WebPage(
                title: "Dead letters", template: "dead", view: view, regions: [Self.region], section: .dead,
                status: isWrong ? .unprocessableContent : .ok))
    }

    @Sendable func redrive(_ request: WebRequest) async throws -> WebReply { try await decide(.redrive, request) }

    @Sendable func discard(_ request: WebRequest) async throws -> WebReply { try await decide(.discard, request) }

    /// Without the number that is expected, nothing is done: the page says what would be.
    private func decide(_ verb: DeadLetterVerb, _ request: WebRequest) async throws -> WebReply {
        let selection = DeadSelection(request.form)
        guard let expected = try request.form.expectedCount() else {
            return try await review(verb, selection, request)
        }
        let answer: BulkAnswer<Run, DeadLetterAnswer>
        do throws(ControlError) {
            answer = try await runs.decide(
                verb, body: selection.body(expecting: expected), by: actor(of: request))
        } catch {
            guard case .unexpectedCount = error else { throw error }
            return try await review(verb, selection, request, expected: expected)
        }
        guard case .done(let done) = answer else { return .seeOther(.dead) }
        counts.forget()
        let refusals = done.results.compactMap { _, result -> String? in
            if case .failure(let error) = result { Problem(control: error).detail } else { nil }
        }
        var text = DecisionView.done(
            done.results.count - refusals.count, of: done.results.count, Self.things, verb.done, refusals: refusals)
        if done.hasMore { text += " \(CountText.text(max(1, expected - done.results.count))) more are left." }
        return .seeOther(request.next(else: .dead), Flash(text))
    }

    private func actor(of request: WebRequest) throws(ControlError) -> Actor {
        do {
            return try request.base.actor
        } catch {
            throw .lacking(Permission(.jobs, .operate))
        }
    }

    private func review(
        _ verb: DeadLetterVerb, _ selection: DeadSelection, _ request: WebRequest, expected: Int? = nil
    ) async throws -> WebReply {
        let selection = selection.until(clock.now)
        let answer = try await runs.decide(verb, body: selection.body(expecting: nil), by: request.base.actor)
        guard case .dry(let dry) = answer else { return .seeOther(.dead) }
        let known = try await jobs.known(of: dry.sample, owner: request.base.owner)
        let times = TimeText(now: clock.now, choices: request.choices)
        let sample = dry.sample.map { run in
            let job = known[run.jobID]
            let slot = times.view(run.scheduledFor, zone: job?.zone ?? "UTC")
            return DecisionView.Sample(
                text: "\(job?.name ?? KnownJob.deletedName), due \(slot.absolute) \(slot.zone)", path: "/runs/\(run.id)"
            )
        }
        let isMore = dry.count > RunControl.bulkLimit
        let view = DecisionView(
            verb.word, dry.count, Self.things,
            consequence: verb.consequence
                + (isMore
                    ? " The oldest \(CountText.text(RunControl.bulkLimit)) come first; the rest need another go." : ""),
            action: "/dead/\(verb)", isGrave: verb == .discard, fields: selection.fields,
            parts: try await parts(of: selection, request), sample: sample, expected: expected,
            back: request.next(else: .dead))
        return .page(
            WebPage(
                title: view.title, template: "decision", view: view, section: .dead,
                status: expected == nil ? .ok : .conflict))
    }

    /// The filter as people read it.
    private func parts(of selection: DeadSelection, _ request: WebRequest) async throws -> [DecisionView.Part] {
        var parts: [DecisionView.Part] = []
        for (name, value) in selection.filter {
            switch name {
            case "job_id":
                var query = JobQuery(owner: try request.base.owner)
                query.ids = JobID(value).map { [$0] } ?? []
                query.limit = 1
                let job = try await jobs.list(query).items.first.map(KnownJob.init)
                parts.append(.init(label: "Job", value: job?.name ?? KnownJob.deletedName))
            case "from": parts.append(.init(label: "Slots from", value: ShownText.line(value)))
            case "to": parts.append(.init(label: "Slots before", value: ShownText.line(value)))
            case "tag": parts.append(.init(label: "Tag", value: ShownText.line(value)))
            default: parts.append(.init(label: "Type", value: ShownText.line(value)))
            }
        }
        return parts
    }

    static func things(_ count: Int) -> String { count == 1 ? "dead letter" : "dead letters" }
}

/// Which dead letters a form is about: some of a page, all that a filter selects, or all there are.
struct DeadSelection: Sendable {
    private static let names = ["job_id", "tag", "type", "from", "to"]

    let ids: [String]
    let filter: [(name: String, value: String)]
    /// When somebody looked: what comes later was not meant, and jobs that fail all the time would keep each number from
    /// being the expected one.
    private(set) var until: String?

    init(_ form: FormFields) {
        ids = (form["ids"] ?? "").split(separator: ",").map(String.init)
        filter = Self.names.compactMap { name in
            form[name].flatMap { $0.isEmpty ? nil : (name, $0) }
        }
        until = form["_until"]
    }

    fileprivate func until(_ now: Instant) -> DeadSelection {
        var selection = self
        let isBounded = !ids.isEmpty || filter.contains { $0.name == "to" }
        selection.until = isBounded ? nil : (now + .microseconds(1)).description
        return selection
    }

    /// As the API takes it.
    /// - Parameter expecting: nil for a dry run.
    func body(expecting count: Int?) -> JSONValue {
        var members = Dictionary(uniqueKeysWithValues: filter.map { ($0.name, JSONValue.string($0.value)) })
        if !ids.isEmpty { members["ids"] = .array(ids.map { .string($0) }) }
        if let until, ids.isEmpty, members["to"] == nil { members["to"] = .string(until) }
        if members.isEmpty { members["all"] = .bool(true) }
        members["expected_count"] = count.map { .integer(Int64($0)) }
        if count == nil { members["dry_run"] = .bool(true) }
        return .object(members)
    }

    var fields: [(name: String, value: String)] {
        filter + (ids.isEmpty ? [] : [("ids", ids.joined(separator: ","))]) + (until.map { [("_until", $0)] } ?? [])
    }
}

extension FormFields {
    /// How many things whoever pressed the button was told that it is about; nil when nobody was told yet.
    func expectedCount() throws(Problem) -> Int? {
        guard let text = self["expected_count"] else { return nil }
        guard let count = Int(text), BulkRequest.countRange.contains(count) else {
            throw .invalid("expected_count", "is not a number that a page has shown")
        }
        return count
    }
}

extension DeadLetterVerb {
    fileprivate var word: String {
        switch self {
        case .redrive: "Redrive"
        case .discard: "Discard"
        }
    }

    fileprivate var done: String {
        switch self {
        case .redrive: "tried again"
        case .discard: "discarded"
        }
    }

    fileprivate var consequence: String {
        switch self {
        case .redrive: "They run again as soon as there is room, by what their jobs are now, with all of their retries."
        case .discard: "They end as cancelled and are not tried again. This cannot be undone."
        }
    }
}
