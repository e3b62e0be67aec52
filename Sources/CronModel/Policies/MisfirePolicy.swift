package import CronSchedule

/// What becomes of slots that could not fire in time.
package struct MisfirePolicy: Hashable, Sendable {
    package enum Mode: String, Codable, Sendable, CaseIterable {
        case skip
        case fireLast = "fire_last"
        case fireAll = "fire_all"
    }

    package enum Verdict: Hashable, Sendable {
        case fire
        case skip(RunReason)
    }

    /// Also of all of a job's time zones together, since one transaction writes them.
    package static let catchupLimitCeiling = 10_000

    package var mode = Mode.fireLast
    /// Late by more than this is a misfire.
    package var after = Span.seconds(60)
    package var catchupLimit = 100
    package var catchupWindow = Span.hours(24)

    package init() {}

    /// How many late slots of each time zone fire.
    package func catchupLimit(zones: Int) -> Int {
        min(catchupLimit, max(1, Self.catchupLimitCeiling / max(1, zones)))
    }

    /// The verdict on one late slot. It depends on the slot alone, so that a run planned before an outage and a slot
    /// planned after it end alike.
    /// - Parameter newerLate: how many late slots are newer than this one.
    package func verdict(slot: Instant, newerLate: Int, now: Instant) -> Verdict {
        switch mode {
        case .skip: .skip(.misfire)
        case .fireLast: newerLate == 0 ? .fire : .skip(.coalesced)
        case .fireAll: newerLate < catchupLimit && slot >= now - catchupWindow ? .fire : .skip(.outOfWindow)
        }
    }
}

/// What happens at resume to the slots inside the pause.
package enum ResumePolicy: String, Codable, Sendable, CaseIterable {
    case none
    case last
    case all
}
