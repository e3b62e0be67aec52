import CronModel
import CronSchedule

/// Somebody's API keys as their template sees them.
struct APIKeysPageView: Sendable {
    let rows: [APIKeyRowView]
    let hasRows: Bool
    let precision: String

    init(_ keys: [Resource], _ times: TimeText) {
        rows = keys.map { APIKeyRowView($0, times) }
        hasRows = !rows.isEmpty
        precision = DurationText.coarse(APIKey.usePrecision)
    }
}

/// A key by what is known of it: its first characters, never the whole.
struct APIKeyRowView: Sendable {
    let id: String
    let path: String
    let name: String
    let beginning: String
    let scopes: [String]
    let made: TimeView
    let used: TimeView?
    let expires: TimeView?
    let isExpired: Bool

    init(_ resource: Resource, _ times: TimeText) {
        let key = APIKey(resource)
        id = resource.id.description
        path = "\(LocalPath.apiKeys.text)/\(resource.id)"
        name = ShownText.line(resource.name)
        beginning = key?.hint ?? ""
        scopes = key?.scopes.map(\.text) ?? []
        made = times.view(resource.createdAt, zone: "UTC")
        used = key?.lastUsedAt.map { times.view($0, zone: "UTC") }
        expires = key?.expiresAt.map { times.view($0, zone: "UTC") }
        isExpired = key?.expiresAt.map { $0 <= times.now } ?? false
    }
}
