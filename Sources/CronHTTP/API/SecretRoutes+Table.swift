import CronEngine
import CronModel
import HTTPTypes

extension SecretRoutes {
    private static let path = "/api/v1/secrets"
    private static let name = Parameter.path("name", .resourceName, "The secret's name.")
    private static let secret = Schema.object([
        .required("id", .id), .required("name", .string()), .required("version", .count(from: 1)),
        .required("created_at", .instant), .required("updated_at", .instant),
    ]).named("Secret")

    var routes: [Route] {
        [
            Route(
                .get, Self.path, .settings(.read),
                Operation(
                    "listSecrets", .secrets, "List secrets", about: "Never their values.",
                    parameters: [.query("q", .word, "Part of the name, in any case.")] + Parameter.page,
                    answers: [.page(of: Self.secret)]),
                list),
            Route(
                .get, "\(Self.path)/{name}", .settings(.read),
                Operation(
                    "readSecret", .secrets, "Read what is known of a secret", parameters: [Self.name],
                    answers: [.json(Self.secret, headers: [.eTag])]),
                read),
            Route(
                .put, "\(Self.path)/{name}", .settings(.write),
                Operation(
                    "putSecret", .secrets, "Set a secret",
                    about: "Texts of actions name it as `{{secrets.NAME}}`. Nobody can read it back.",
                    parameters: [Self.name, .ifMatch],
                    body: .json(
                        .object([.required("value", .string(1...SecretControl.valueLimitBytes))]),
                        example: .object(["value": "s3cr3t".json])),
                    answers: [
                        .json(Self.secret, "The secret, replaced.", headers: [.eTag]),
                        .json(
                            Self.secret, status: .created, "The secret, new.",
                            headers: [.eTag, .namedLocation(Self.path)]),
                    ], problems: [.conflict, .limitReached]),
                put),
            Route(
                .delete, "\(Self.path)/{name}", .settings(.write),
                Operation(
                    "deleteSecret", .secrets, "Delete a secret",
                    about: "Attempts of jobs that still name it fail and say so.", parameters: [Self.name, .ifMatch],
                    answers: [.noContent]),
                delete),
        ]
    }
}

extension Schema {
    static let resourceName = Schema.string(1...ResourceName.limitBytes, pattern: ResourceName.pattern)
}

extension HeaderDescription {
    /// Where something with a name can be read.
    static func namedLocation(_ path: String) -> HeaderDescription {
        HeaderDescription(
            name: HTTPField.Name.location.rawName, schema: .string(pattern: "^\(path)/[A-Za-z0-9_-]+$"),
            about: "Where it can be read.", isRequired: false)
    }
}
