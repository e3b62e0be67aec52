package import CronSchedule

/// Something small that people define beside jobs, found by kind and name: a job type, a secret, a connection, an API key. Only the
/// reader of a kind understands its body, so that a new kind needs no change in the stores.
package struct Resource: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case apiKey = "api_key"
        /// Where alerts go.
        case channel
        /// A database that SQL actions may use.
        case connection
        /// The key that a space's secrets are sealed with, sealed itself.
        case dataKey = "data_key"
        case jobType = "job_type"
        case passwordReset = "password_reset"
        case secret
    }

    /// In place of a space: belongs to all spaces.
    package static let everybody = UserID(high: 0, low: 0)

    package let id: ResourceID
    package let kind: Kind
    package let space: UserID
    /// Unique among the space's of its kind.
    package var name: String
    /// Finds the resource whatever its space: the hash of a token. Unique among its kind.
    package var lookup: [UInt8]?
    package var body: JSONValue
    package var version: Int64
    package var createdAt: Instant
    package var updatedAt: Instant

    package init(
        id: ResourceID, kind: Kind, space: UserID, name: String, lookup: [UInt8]? = nil, body: JSONValue,
        version: Int64 = 1, createdAt: Instant, updatedAt: Instant? = nil
    ) {
        self.id = id
        self.kind = kind
        self.space = space
        self.name = name
        self.lookup = lookup
        self.body = body
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt ?? createdAt
    }
}

package enum ResourceTag {}
package typealias ResourceID = Identifier<ResourceTag>

extension Resource.Kind {
    /// Most of one kind in one space.
    package var limit: Int {
        switch self {
        case .apiKey: 100
        case .channel: 100
        case .connection: 100
        case .dataKey: 1
        case .jobType: 1_000
        case .passwordReset: 1_000
        case .secret: 1_000
        }
    }

    /// For people: what there is none of, or too many of.
    package var noun: String { rawValue.replacing("_", with: " ") }
}

package struct ResourceQuery: Sendable {
    package var kind: Resource.Kind
    /// Nil for all, which only the system asks for.
    package var spaces: [UserID]?
    /// Part of the name, in any case.
    package var text: String?
    package var limit = PageLimit.standard
    package var after: PageCursor?
    package var descending = false

    package init(_ kind: Resource.Kind, spaces: [UserID]?) {
        self.kind = kind
        self.spaces = spaces
    }
}

/// What a store says when it refuses a resource.
extension String {
    package static func resources(_ kind: Resource.Kind) -> String { "there are \(kind.limit) \(kind.noun)s already" }

    package static func taken(_ resource: Resource) -> String {
        "a \(resource.kind.noun) named \"\(resource.name)\" exists"
    }
}
