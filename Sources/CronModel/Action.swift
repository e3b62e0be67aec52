package import CronSchedule

/// What a job does when it fires. Only the runner of `type` understands `fields`, so that a new action needs no change
/// here, in the stores or in the API.
package struct ActionDefinition: Hashable, Sendable {
    package var type: String
    package var fields: [String: JSONValue]

    package init(type: String, fields: [String: JSONValue]) {
        self.type = type
        self.fields = fields
    }
}

extension ActionDefinition {
    /// The resources that a field names.
    /// - Parameter field: a field of a field such as `attach.connection` too.
    package func names(in field: String) -> [String] {
        let path = field.split(separator: ".").map(String.init)
        let outer = path.first.flatMap { fields[$0] }
        switch path.dropFirst().reduce(outer, { $0?[$1] }) {
        case .string(let name)?: return [name]
        case .array(let items)?: return items.compactMap(\.stringValue)
        default: return []
        }
    }

    /// Whether the target remembers, in the transaction of the effect, which runs took effect, so that a lost outcome can
    /// be asked of it. With `timeout` the only thing that is read of an action's fields here: what becomes of a run whose
    /// node was lost depends on it, and then no runner is there to say so.
    package var keepsLedger: Bool {
        type == "sql" && fields["ledger"] != .bool(false) && fields["transaction"] != .bool(false)
    }
}

/// Something wrong with one field of a definition, told to the person who wrote it.
package struct FieldProblem: Error, Hashable, Sendable {
    /// Path from the root of the request body, such as `action.url`.
    package var field: String
    package var message: String
    /// 1-based position inside the field's text, where one can be named.
    package var column: Int?

    package init(field: String, message: String, column: Int? = nil) {
        self.field = field
        self.message = message
        self.column = column
    }
}

/// Everything that is wrong with a definition or a request.
package struct FieldProblems: Error, Hashable, Sendable {
    package var all: [FieldProblem]

    package init(_ all: [FieldProblem]) {
        self.all = all
    }

    /// What a reading finds wrong.
    package static func found(by read: () throws(FieldProblems) -> Void) -> [FieldProblem] {
        do {
            try read()
            return []
        } catch {
            return error.all
        }
    }
}

/// Everything an action may know about the attempt it makes. Times are the database's.
package struct AttemptContext: Sendable {
    package var runID: RunID
    package var jobID: JobID
    package var userID: UserID
    package var jobName: String
    package var scheduledFor: Instant
    package var zone: String
    /// In which the slot was read: `zone`, or the job's only one.
    package var timezone = "UTC"
    /// 1 for the first attempt of a run.
    package var attempt: Int
    /// Attempts that were made before a person ran the run again, which began anew.
    package var attemptsBefore = 0
    package var fence: Int64
    package var action: ActionDefinition
    package var payload: JSONValue
    /// The longest the attempt may take from start to its outcome.
    package var timeout: Span
    package var delivery: Delivery
    /// The values of the secrets that the action names. Never in what comes of the attempt.
    package var secrets: [String: String] = [:]
    /// What the action names of its space besides.
    package var settings = AttemptSettings()
    /// The secret fields of those. Never in what comes of the attempt either.
    package var hidden: [String] = []
    /// Takes all of the attempt's secrets out of a text. For texts of others that are to be cut: what a cut leaves of a
    /// secret may be too short to be found afterwards.
    package var hiding: @Sendable (String) -> String = { $0 }
    /// Takes in where the attempt's output comes from, for those who follow it; nil where nobody can.
    package var output: (@Sendable (any OutputSource) -> Void)?
    /// How far the run's earlier attempts have got, as this action has told it in `Outcome.progress`.
    package var progress: String?
    /// The attempt is made to ask the target's ledger whether an earlier one took effect, and for nothing else.
    package var isVerifying = false
    /// Everything is to be taken back in the end.
    package var isDryRun = false
    /// It is made for somebody who looks at it, outside of any job: whoever is told or called is told so.
    package var isTest = false
    /// Told when the attempt gets further; nil where nobody asks.
    package var reached: (@Sendable (AttemptMark) -> Void)?
    /// What a message is about, for programs, where that is not the attempt's own run.
    package var about: [String: JSONValue] = [:]

    package init(
        runID: RunID, jobID: JobID, userID: UserID, jobName: String, scheduledFor: Instant, zone: String, attempt: Int,
        fence: Int64, action: ActionDefinition, payload: JSONValue, timeout: Span, delivery: Delivery
    ) {
        self.runID = runID
        self.jobID = jobID
        self.userID = userID
        self.jobName = jobName
        self.scheduledFor = scheduledFor
        self.zone = zone
        self.attempt = attempt
        self.fence = fence
        self.action = action
        self.payload = payload
        self.timeout = timeout
        self.delivery = delivery
    }
}

extension AttemptContext {
    /// What a webhook without a timeout of its own gets, within the job's.
    package static let standardTimeout = Span.seconds(15)

    /// The attempt that a run has just started.
    package init(_ run: Run, job: Job) {
        self.init(
            runID: run.id, jobID: job.id, userID: job.userID, jobName: job.definition.name,
            scheduledFor: run.scheduledFor, zone: run.zone, attempt: run.attempt, fence: run.fence,
            action: job.definition.action, payload: run.payload ?? job.definition.payload,
            timeout: min(job.definition.timeout.attempt, Self.timeout(of: job.definition.action)),
            delivery: job.definition.delivery)
        attemptsBefore = run.budgetBase
        isVerifying = run.isVerifying
        timezone = run.zone.isEmpty ? job.definition.timezone : run.zone
        progress = run.progress
    }

    /// What the action itself allows.
    package static func timeout(of action: ActionDefinition) -> Span {
        let own = action.fields["timeout"]?.stringValue.flatMap { try? Span(text: $0) }
        return own ?? (action.type == "webhook" ? standardTimeout : JobLimit.timeout.upperBound)
    }
}

/// How far an attempt that calls somebody has got.
package enum AttemptMark: Hashable, Sendable {
    /// The addresses of the host are known.
    case resolved
    /// The request's first byte may have left.
    case sent
    /// The answer has begun.
    case answered
}

/// Whether a run whose request may have left is tried again.
package enum Delivery: String, Codable, Sendable, CaseIterable {
    case atLeastOnce = "at_least_once"
    case atMostOnce = "at_most_once"
}

/// One kind of action. An implementation is one file in CronActions and one line in its registry.
package protocol ActionRunner: Sendable {
    /// The `type` that selects this runner, such as `webhook`.
    var type: String { get }
    /// Fields that are stored but never shown again.
    var secretFields: Set<String> { get }
    /// Its fields besides `type`, for those who write definitions: an object.
    var schema: Schema { get }
    /// Fields that name resources of the space, each one name or a list of names, and of which kind. A path such as
    /// `attach.connection` is a field of a field.
    var references: [String: Resource.Kind] { get }
    /// Whether an attempt can be made without effect.
    var hasDryRun: Bool { get }
    /// Whether it tells `AttemptContext.output` what it writes while it runs.
    var hasLiveOutput: Bool { get }
    /// What whoever defines a job or a job type with it must be allowed besides.
    var permission: Permission? { get }
    /// The host that attempts reach, as far as the definition tells: a name in lower case, or an address.
    func host(of definition: ActionDefinition) -> String?
    /// Everything wrong with a definition, found when the job is saved. Field paths start with `action.`.
    func validate(_ definition: ActionDefinition) -> [FieldProblem]
    /// Makes one attempt: at most one request, ended by its own timeouts or by cancellation of the current task.
    /// Failure is an `Outcome`, never a thrown error.
    func run(_ attempt: AttemptContext) async -> Outcome
}

extension ActionRunner {
    package var references: [String: Resource.Kind] { [:] }
    package var hasDryRun: Bool { false }
    package var hasLiveOutput: Bool { false }
    package var permission: Permission? { nil }
    package func host(of definition: ActionDefinition) -> String? { nil }
    /// Nothing is told of the fields.
    package var schema: Schema { .object([], isOpen: true) }
}

/// The runners by type.
package struct ActionRegistry: Sendable {
    private let runners: [String: any ActionRunner]
    private let off: [String: String]

    /// - Parameter off: types that this binary has and the operator has not turned on, and how that is done.
    package init(_ runners: [any ActionRunner], off: [String: String] = [:]) {
        self.runners = Dictionary(runners.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })
        self.off = off
    }

    /// Why there is no runner of a type.
    package func absence(of type: String) -> String {
        off[type] ?? "unknown action; known are \(types.map { "\"\($0)\"" }.joined(separator: ", "))"
    }

    package subscript(type: String) -> (any ActionRunner)? { runners[type] }

    package var types: [String] { runners.keys.sorted() }
}
