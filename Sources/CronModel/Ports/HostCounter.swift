package import CronSchedule

/// Counts what all nodes together have under way at hosts with limits. No call throws and each answers within
/// `LockLimit.answer`; a caller must be right whatever the answer was, and goes by its own count when there is none.
package protocol HostCounter: Sendable {
    /// Says what this node has under way at a host and asks for room for more. Nil while nodes cannot count together.
    func ask(_ ask: HostAsk) async -> HostGrant?
}

/// All that the others need to know of one node and one host. It replaces what was said before, so that an answer that was
/// lost, or a counter that has forgotten everything, is put right by the next.
package struct HostAsk: Hashable, Sendable {
    /// How soon a node says again what it has under way.
    package static let renewals = Span.milliseconds(500)...Span.seconds(2)
    /// What a node has said counts for so many renewals, then it is taken to be gone.
    private static let renewalsInLife: Int64 = 4
    package static let longestLife = Span(microseconds: renewals.upperBound.microseconds * renewalsInLife)
    /// Room is asked for at most so many starts at a time.
    package static let most = 100

    package var host: String
    package var limit: HostLimit
    package var using: Int
    package var wanted: Int
    /// Starts that were counted at the host's rate and not made.
    package var unmade: Int
    /// It is said again after so long.
    package var renewal: Span

    package init(
        host: String, limit: HostLimit, using: Int, wanted: Int, unmade: Int, renewal: Span = renewals.upperBound
    ) {
        self.host = host
        self.limit = limit
        self.using = using
        self.wanted = wanted
        self.unmade = unmade
        self.renewal = renewal
    }

    /// How long it counts.
    package var life: Span { Span(microseconds: renewal.microseconds * Self.renewalsInLife) }
}

package struct HostGrant: Hashable, Sendable {
    /// How many more may start here; they count from now on.
    package var starts: Int
    /// When asking for more is of use, if the host's rate tells.
    package var nextIn: Span?

    package init(starts: Int, nextIn: Span? = nil) {
        self.starts = starts
        self.nextIn = nextIn
    }
}
