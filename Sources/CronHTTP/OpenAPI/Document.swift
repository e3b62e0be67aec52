import CronModel
import HTTPTypes

/// The API's description in the form that programs read: OpenAPI 3.1.
struct Document: Sendable {
    let routes: [Route]
    let version: String

    var json: JSONValue {
        .object([
            "openapi": "3.1.0".json,
            "info": .object([
                "title": "Cron++".json, "version": version.json,
                "summary": "A task scheduler that replaces cron.".json,
                "description": Self.about.json,
                "license": .object(["name": "Apache-2.0".json, "identifier": "Apache-2.0".json]),
            ]),
            "servers": .array([.object(["url": "/".json])]),
            "tags": .array(tags.map { .object(["name": $0.rawValue.json]) }),
            "paths": .object(paths),
            "components": .object([
                "schemas": .object(schemas.mapValues(\.definition)),
                "responses": .object(problemAnswers),
                "headers": .object(
                    Dictionary(uniqueKeysWithValues: HeaderDescription.common.map { ($0.name, $0.json) })),
                "securitySchemes": .object([
                    Self.bearer: .object([
                        "type": "http".json, "scheme": "bearer".json, "bearerFormat": "JWT".json,
                        "description": "The `access_token` of a sign-in, or an API key.".json,
                    ])
                ]),
            ]),
        ])
    }

    static let about = """
        Instants are RFC 3339 in UTC with six fractional digits. Durations are text such as `1h30m` or `PT15M`. Members \
        of a body that are not described here are refused, and so are parameters of lists. Limits of texts are in bytes of UTF-8: \
        `x-max-bytes`, beside `maxLength`, which counts characters. Errors are problems (RFC 9457) whose `type` is stable.
        """
    static let bearer = "bearer"

    var tags: [Operation.Tag] { Operation.Tag.allCases.filter { tag in routes.contains { $0.operation.tag == tag } } }

    /// The schemas that have names, by name.
    var schemas: [String: Schema] {
        var named: [String: Schema] = [:]
        Schema.problem.collect(into: &named)
        for operation in routes.map(\.operation) {
            operation.body?.schema.collect(into: &named)
            for answer in operation.answers { answer.schema?.collect(into: &named) }
            for parameter in operation.parameters { parameter.schema.collect(into: &named) }
        }
        return named
    }

    private var paths: [String: JSONValue] {
        Dictionary(grouping: routes, by: \.path).mapValues { routes in
            .object(
                Dictionary(uniqueKeysWithValues: routes.map { ($0.method.rawValue.lowercased(), Self.json($0)) }))
        }
    }

    private var problemAnswers: [String: JSONValue] {
        let groups = routes.flatMap { ProblemGroup.all($0.operation.problems(of: $0)) }
        return Dictionary(groups.map { ($0.name, $0.json) }, uniquingKeysWith: { first, _ in first })
    }
}

// MARK: - Operations

extension Document {
    private static func json(_ route: Route) -> JSONValue {
        let operation = route.operation
        var members: [String: JSONValue] = [
            "operationId": operation.id.json, "tags": .array([operation.tag.rawValue.json]),
            "summary": operation.summary.json, "responses": .object(answers(of: route)),
            "security": .array(route.access == .open ? [] : [.object([bearer: .array([])])]),
        ]
        let about = [operation.about, route.access.about].filter { !$0.isEmpty }.joined(separator: " ")
        if !about.isEmpty { members["description"] = about.json }
        if !operation.parameters.isEmpty { members["parameters"] = .array(operation.parameters.map(\.json)) }
        members["requestBody"] = operation.body?.json
        return .object(members)
    }

    private static func answers(of route: Route) -> [String: JSONValue] {
        var answers: [String: JSONValue] = [:]
        for group in ProblemGroup.all(route.operation.problems(of: route)) {
            answers["\(group.status.code)"] = .object(["$ref": "#/components/responses/\(group.name)".json])
        }
        for answer in route.operation.answers { answers["\(answer.status.code)"] = answer.json }
        return answers
    }
}

extension Route.Access {
    /// What a role and an API key must allow, for people.
    var about: String { if case .allowed(let permission) = self { "Needs `\(permission.text)`." } else { "" } }
}

/// The problems of one operation that share a status.
struct ProblemGroup: Sendable {
    let status: HTTPResponse.Status
    let kinds: [Problem.Kind]

    static func all(_ kinds: Set<Problem.Kind>) -> [ProblemGroup] {
        let ordered = Problem.Kind.allCases.filter(kinds.contains)
        return Dictionary(grouping: ordered, by: \.status).map { ProblemGroup(status: $0.key, kinds: $0.value) }
            .sorted { $0.status.code < $1.status.code }
    }

    var name: String { kinds.map(\.rawValue).joined(separator: "-or-") }

    var headers: [HeaderDescription] { kinds.flatMap(\.headers) + HeaderDescription.common }

    var json: JSONValue {
        .object([
            "description": kinds.map(\.title).joined(separator: "; ").json,
            "headers": headers.json,
            "content": .object([
                Problem.mediaType: .object([
                    "schema": Schema(["allOf": .list([.problem, ofKinds])]).json
                ])
            ]),
        ])
    }

    private var ofKinds: Schema {
        var schema = Schema.object(
            [
                .required("type", .choice(kinds.map(\.type))),
                .required("status", .constant(.integer(Int64(status.code)))),
            ], isOpen: true)
        schema = schema.with("title", "Of these kinds".json)
        return schema
    }
}

// MARK: - The parts

extension Parameter {
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [
            "name": name.json, "in": place.rawValue.json, "required": .bool(isRequired), "schema": schema.json,
            "description": about.json,
        ]
        if isList {
            members["style"] = "form".json
            members["explode"] = .bool(false)
        }
        return .object(members)
    }
}

extension BodyDescription {
    fileprivate var json: JSONValue {
        var content: [String: JSONValue] = ["schema": schema.json]
        content["example"] = example
        return .object([
            "required": .bool(isRequired),
            "content": .object(Dictionary(uniqueKeysWithValues: types.map { ($0, .object(content)) })),
        ])
    }
}

extension AnswerDescription {
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [
            "description": (about.isEmpty ? status.reasonPhrase : about).json,
            "headers": (headers + HeaderDescription.common).json,
        ]
        if let schema { members["content"] = .object([type: .object(["schema": schema.json])]) }
        return .object(members)
    }
}

extension HeaderDescription {
    fileprivate var json: JSONValue {
        .object(["schema": schema.json, "description": about.json, "required": .bool(isRequired)])
    }
}

extension [HeaderDescription] {
    /// Those of every answer stand once in the document.
    fileprivate var json: JSONValue {
        let common = Set(HeaderDescription.common.map(\.name))
        return .object(
            Dictionary(
                map { header in
                    (
                        header.name,
                        common.contains(header.name)
                            ? .object(["$ref": "#/components/headers/\(header.name)".json]) : header.json
                    )
                }, uniquingKeysWith: { first, _ in first }))
    }
}

extension String {
    var json: JSONValue { .string(self) }
}
