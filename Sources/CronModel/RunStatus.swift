/// The states of a run's life (Docs/architecture.md draws them). Raw values are what the stores keep.
package enum RunStatus: UInt8, Sendable, CaseIterable {
    case pending = 0
    case queued = 1
    case running = 2
    case failed = 3
    case retrying = 4
    case success = 5
    case dead = 6
    case skipped = 7
    case cancelled = 8

    /// Waiting to be started: no attempt is under way.
    package var isWaiting: Bool { self == .pending || self == .queued || self == .retrying }

    /// Owned by a node.
    package var isClaimed: Bool { self == .queued || self == .running }

    /// Not yet at an end; DEAD has ended until a person decides otherwise.
    package var isLive: Bool { isWaiting || self == .running || self == .failed }

    /// Never changes again.
    package var isFinal: Bool { self == .success || self == .skipped || self == .cancelled }

    package var name: String {
        switch self {
        case .pending: "PENDING"
        case .queued: "QUEUED"
        case .running: "RUNNING"
        case .failed: "FAILED"
        case .retrying: "RETRYING"
        case .success: "SUCCESS"
        case .dead: "DEAD"
        case .skipped: "SKIPPED"
        case .cancelled: "CANCELLED"
        }
    }

    package init?(name: String) {
        guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }
}

extension Set<RunStatus> {
    /// What is looked for: no run stays FAILED, so it selects those whose last attempt failed.
    package var sought: Set<RunStatus> { contains(.failed) ? subtracting([.failed]).union([.retrying, .dead]) : self }
}

/// Why a run moved, or why it ended as it did.
package enum RunReason: UInt8, Sendable, CaseIterable {
    case planned = 1
    case triggered
    case redriven
    case claimed
    case started
    case handedBack
    case edited
    case putBack
    case blocked
    case unblocked
    case rateLimited
    case hostBusy
    // SKIPPED
    case misfire = 20
    case coalesced
    case outOfWindow
    case overlap
    case expired
    case paused
    case deleted
    // CANCELLED
    case user = 40
    case discarded
    // FAILED, RETRYING, DEAD
    case leaseLost = 60
    case shutdown
    case attemptFailed
    case retriesExhausted
    case permanent
    case outcomeUnknown
    case notSent
    case succeeded
    /// No retry is left, and whether an attempt took effect is asked of the target.
    case verifying

    package var name: String {
        switch self {
        case .planned: "planned"
        case .triggered: "triggered"
        case .redriven: "redriven"
        case .claimed: "claimed"
        case .started: "started"
        case .handedBack: "handed_back"
        case .edited: "edited"
        case .putBack: "put_back"
        case .blocked: "blocked"
        case .unblocked: "unblocked"
        case .rateLimited: "rate_limited"
        case .hostBusy: "host_busy"
        case .misfire: "misfire"
        case .coalesced: "coalesced"
        case .outOfWindow: "out_of_window"
        case .overlap: "overlap"
        case .expired: "expired"
        case .paused: "paused"
        case .deleted: "deleted"
        case .user: "user"
        case .discarded: "discarded"
        case .leaseLost: "lease_lost"
        case .shutdown: "shutdown"
        case .attemptFailed: "failed"
        case .retriesExhausted: "retries_exhausted"
        case .permanent: "permanent"
        case .outcomeUnknown: "outcome_unknown"
        case .notSent: "not_sent"
        case .succeeded: "succeeded"
        case .verifying: "verifying"
        }
    }
}

/// Where a run came from.
package enum RunOrigin: UInt8, Sendable, CaseIterable {
    case schedule = 0
    case trigger = 1
    case redrive = 2

    package var name: String {
        switch self {
        case .schedule: "schedule"
        case .trigger: "trigger"
        case .redrive: "redrive"
        }
    }

    package init?(name: String) {
        guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }
}
