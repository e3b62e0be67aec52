import CronModel
import HTTPTypes

/// What a route does, as clients are told: the source of `/openapi.json` and `/docs`.
package struct Operation: Sendable {
    /// The groups of the document, in its order.
    enum Tag: String, CaseIterable, Sendable {
        case accounts = "Accounts"
        case users = "Users"
        case keys = "API keys"
        case secrets = "Secrets"
        case connections = "Connections"
        case channels = "Channels"
        case jobs = "Jobs"
        case jobTypes = "Job types"
        case schedules = "Schedules"
        case actions = "Actions"
        case runs = "Runs"
        case deadLetters = "Dead letters"
        case events = "Events"
        case audit = "Audit log"
        case nodes = "Nodes"
        case health = "Health"
        case documents = "Documents"
    }

    /// Stable: generated clients name their functions after it.
    package let id: String
    let tag: Tag
    let summary: String
    let about: String
    let parameters: [Parameter]
    let body: BodyDescription?
    let answers: [AnswerDescription]
    /// Kinds of problems besides those that follow from the rest.
    private let ownProblems: Set<Problem.Kind>
    /// Whether the store is asked, which may be away.
    let usesStore: Bool

    init(
        _ id: String, _ tag: Tag, _ summary: String, about: String = "", parameters: [Parameter] = [],
        body: BodyDescription? = nil, answers: [AnswerDescription], problems: Set<Problem.Kind> = [],
        usesStore: Bool = true
    ) {
        self.id = id
        self.tag = tag
        self.summary = summary
        self.about = about
        self.parameters = parameters
        self.body = body
        self.answers = answers
        ownProblems = problems
        self.usesStore = usesStore
    }

    /// Every kind of problem that it may answer.
    func problems(of route: Route) -> Set<Problem.Kind> {
        var kinds = ownProblems.union([.defect])
        if route.access != .open { kinds.insert(.unauthenticated) }
        if case .allowed = route.access { kinds.insert(.forbidden) }
        if route.path.hasPrefix("/api/") { kinds.insert(.rateLimited) }
        if usesStore { kinds.insert(.unavailable) }
        // What only reads has no outcome that could be unknown.
        if usesStore, route.method != .get { kinds.insert(.outcomeUnknown) }
        if body != nil {
            kinds.formUnion([.malformedJSON, .unsupportedMediaType, .bodyTooLarge, .validation])
        }
        for parameter in parameters {
            kinds.insert(parameter.place == .path ? .notFound : .validation)
            if parameter.name == Parameter.ifMatch.name { kinds.insert(.versionMismatch) }
        }
        return kinds
    }
}

/// The request's body.
struct BodyDescription: Sendable {
    var schema: Schema
    var isRequired = true
    /// For people, and for tests that begin with it: it must be accepted.
    var example: JSONValue?
    var types = ["application/json"]

    static func json(_ schema: Schema, example: JSONValue? = nil) -> BodyDescription {
        BodyDescription(schema: schema, example: example)
    }

    static func optional(_ schema: Schema, example: JSONValue? = nil) -> BodyDescription {
        BodyDescription(schema: schema.orNull, isRequired: false, example: example)
    }

    /// An empty body or an empty object.
    static let nothing = BodyDescription.optional(.object([]))
}

/// An answer that is not a problem.
struct AnswerDescription: Sendable {
    var status: HTTPResponse.Status
    var about: String
    var schema: Schema?
    var type = "application/json"
    var headers: [HeaderDescription] = []

    static func json(
        _ schema: Schema, status: HTTPResponse.Status = .ok, _ about: String = "", headers: [HeaderDescription] = []
    ) -> AnswerDescription {
        AnswerDescription(status: status, about: about, schema: schema, headers: headers)
    }

    /// Of what makes a run.
    static let started = json(
        .run, status: .accepted, "The run.", headers: [.location("/api/v1/runs"), .idempotencyReplayed])

    /// A page of a list.
    static func page(of item: Schema, cursor: Schema = .cursor, _ about: String = "") -> AnswerDescription {
        json(
            .object([
                .required("items", .list(of: item)),
                .required(
                    "next_cursor", cursor.orNull, "What `cursor` takes for the next page; null on the last one."),
            ]), about)
    }

    static let noContent = AnswerDescription(status: .noContent, about: "", schema: nil)

    static func text(_ type: String, _ about: String) -> AnswerDescription {
        AnswerDescription(status: .ok, about: about, schema: Schema(type: "string"), type: type)
    }
}

struct HeaderDescription: Sendable {
    var name: String
    var schema: Schema
    var about: String
    var isRequired = true
}
