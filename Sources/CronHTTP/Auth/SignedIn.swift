import CronModel
import CronSchedule

/// Who is asking, by which means, and until when that is good.
struct SignedIn: Sendable {
    /// The end of year 9999: later than any token.
    static let noEnd = Instant(seconds: 253_402_300_799)

    enum Means: Hashable, Sendable {
        case session(RefreshToken.UserFamily)
        case apiKey(ResourceID)
    }

    let user: User
    let means: Means
    /// What the means allows; the user's role may allow less.
    let scopes: [Permission]
    let until: Instant

    func allows(_ permission: Permission) -> Bool {
        user.role.allows(permission) && scopes.contains { $0.includes(permission) }
    }

    var session: RefreshToken.UserFamily? {
        if case .session(let family) = means { family } else { nil }
    }

    var key: ResourceID? {
        if case .apiKey(let id) = means { id } else { nil }
    }
}
