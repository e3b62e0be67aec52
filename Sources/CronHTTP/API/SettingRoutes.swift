import CronEngine
import CronModel
import CronSchedule
import Hummingbird

/// What actions use by name besides secrets, of one kind.
struct SettingRoutes: Sendable {
    let settings: SettingControl
    let words: SettingWords

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        var query = ResourceQuery(settings.setting.kind, spaces: [try request.owner])
        var reader = request.query
        query.text = reader.string("q")
        (query.limit, query.after, query.descending) = reader.page()
        try reader.finish()
        return Answer.page(try await settings.list(query), settings.shown)
    }

    @Sendable func read(_ request: APIRequest) async throws -> Response {
        let found = try await settings.read(request.text("name"), space: request.owner)
        return Answer.versioned(settings.shown(found), version: found.version)
    }

    @Sendable func put(_ request: APIRequest) async throws -> Response {
        let (setting, isNew) = try await settings.put(
            request.text("name"), try await request.json(), if: request.precondition, by: request.actor)
        return Answer.versioned(
            settings.shown(setting), version: setting.version, status: isNew ? .created : .ok,
            location: isNew ? "\(words.path)/\(setting.name)" : nil)
    }

    @Sendable func delete(_ request: APIRequest) async throws -> Response {
        try await settings.delete(request.text("name"), version: request.ifMatch, by: request.actor)
        return Answer.noContent
    }

    @Sendable func test(_ request: APIRequest) async throws -> Response {
        let test = try await settings.test(
            request.text("name"), try await request.optionalJSON(), by: request.actor)
        return Answer.json(
            .object([
                "usable": .bool(test.isUsable), "message": .string(test.message), "facts": .object(test.facts),
            ]))
    }
}
