import CronModel
import HTTPTypes

extension APIKeyRoutes {
    private static let path = "/api/v1/api-keys"
    private static let keyID = Parameter.id("The key's id.")

    var routes: [Route] {
        [
            Route(
                .get, Self.path, .signedIn,
                Operation(
                    "listAPIKeys", .keys, "List one's API keys", parameters: Parameter.page,
                    answers: [.page(of: .apiKey)]),
                list),
            Route(
                .post, Self.path, .signedIn,
                Operation(
                    "createAPIKey", .keys, "Make an API key",
                    about: "It is shown once. It can do what its scopes and its owner's role both allow. "
                        + AccountRoutes.sessionOnly,
                    body: .json(
                        .object([
                            .required("name", .line(1...APIKeys.nameLimitBytes)),
                            .required("scopes", .list(of: .scope, 1...Permission.all.count)),
                            .field("expires_at", .instantText, "Never, if it is left out."),
                        ]), example: .object(["name": "ci".json, "scopes": .array(["jobs:read".json])])),
                    answers: [
                        .json(
                            Schema.apiKey.extended(
                                as: "NewAPIKey", by: [.required("key", .string(), "The key itself.")]),
                            status: .created, "The key.", headers: [.location(Self.path), .noStore])
                    ], problems: [.forbidden, .conflict, .limitReached]),
                create),
            Route(
                .get, "\(Self.path)/{id}", .signedIn,
                Operation("readAPIKey", .keys, "Read an API key", parameters: [Self.keyID], answers: [.json(.apiKey)]),
                read),
            Route(
                .delete, "\(Self.path)/{id}", .signedIn,
                Operation(
                    "deleteAPIKey", .keys, "Revoke an API key", about: "All nodes refuse it within a second.",
                    parameters: [Self.keyID], answers: [.noContent], problems: [.forbidden]),
                delete),
        ]
    }
}

extension Schema {
    static let scope = Schema.choice(Permission.all.map(\.text)).named("Scope")

    static let apiKey = Schema.object([
        .required("id", .id), .required("name", .string()),
        .required("hint", .string(), "The first characters of the key."),
        .required("scopes", .list(of: .scope)), .required("expires_at", Schema.instant.orNull),
        .required("last_used_at", Schema.instant.orNull, "To within ten minutes; null if it never was."),
        .required("created_at", .instant),
    ]).named("APIKey")
}
