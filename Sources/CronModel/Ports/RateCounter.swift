package import CronSchedule

/// Counts uses of a key in windows, for limits that hold across nodes. A window begins with its first use. No call throws
/// and each answers within `LockLimit.answer`; while the nodes cannot count together, each counts alone.
package protocol RateCounter: Sendable {
    /// Counts one use; answers all in the window, this one included.
    func count(_ key: String, window: Span) async -> RateCount
    /// The last use was none after all.
    func takeBack(_ key: String) async
    /// Ends the key's window.
    func forget(_ key: String) async
}

package struct RateCount: Hashable, Sendable {
    package var uses: Int
    /// Until the window ends.
    package var endsIn: Span

    package init(uses: Int, endsIn: Span) {
        self.uses = uses
        self.endsIn = endsIn
    }
}
