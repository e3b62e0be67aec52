package import CronSchedule

/// Named locks with an owner and a time to live, between nodes.
///
/// Only ever an efficiency: they keep nodes from reaching for the same rows at once. What may happen is decided by the
/// store's transactions and fences alone. So no call throws, each answers within `LockLimit.answer`, and a caller must be
/// right whatever the answer was: a backend may be down, slow, forgetful or lying.
package protocol LockProvider: Sendable {
    /// `store` or `redis`: for people and logs.
    var description: String { get }
    /// Takes the lock, also from an earlier hold of this owner, whose token is worth nothing from then on.
    func acquire(_ name: String, ttl: Span) async -> LockAnswer
    /// Lets a held lock live for `ttl` from now; `heldByOther` when it is no longer this token's.
    func extend(_ token: LockToken, ttl: Span) async -> LockAnswer
    /// Gives the lock back if it is still this token's.
    func release(_ token: LockToken) async
}

package enum LockAnswer: Hashable, Sendable {
    case heldByMe(LockToken)
    case heldByOther
    /// The backend did not say in time.
    case unknown
}

/// One hold of a lock.
package struct LockToken: Hashable, Sendable {
    package let name: String
    package let hold: String

    /// - Parameters:
    ///   - owner: who holds it; holds of one owner share the prefix `Self.prefix(owner)`.
    ///   - serial: tells holds of one owner apart.
    package init(name: String, owner: String, serial: UInt64) {
        self.name = name
        hold = Self.prefix(owner) + String(serial, radix: 16)
    }

    package static func prefix(_ owner: String) -> String { owner + "/" }
}

package enum LockLimit {
    /// The longest that a call to a lock, a counter or the like may take its caller.
    package static let answer = Span.milliseconds(100)
}
