package import CronSchedule

/// What stores keep of a run besides its columns: few runs have any of it.
extension Run {
    private static let catchUpFlag: Int64 = 1
    private static let cancelFlag: Int64 = 2
    private static let overlapCancelFlag: Int64 = 4
    /// Cleared by every start.
    package static let turnFlag: Int64 = 8
    private static let doubtFlag: Int64 = 16
    private static let verifyingFlag: Int64 = 32

    package var storedFlags: Int64 {
        get {
            (catchUp ? Self.catchUpFlag : 0) | (cancelRequested ? Self.cancelFlag : 0)
                | (cancelReason == .overlap ? Self.overlapCancelFlag : 0) | (hasTurn ? Self.turnFlag : 0)
                | (isInDoubt ? Self.doubtFlag : 0) | (isVerifying ? Self.verifyingFlag : 0)
        }
        set {
            catchUp = newValue & Self.catchUpFlag != 0
            hasTurn = newValue & Self.turnFlag != 0
            isInDoubt = newValue & Self.doubtFlag != 0
            isVerifying = newValue & Self.verifyingFlag != 0
            cancelReason =
                newValue & Self.cancelFlag == 0 ? nil : newValue & Self.overlapCancelFlag != 0 ? .overlap : .user
        }
    }

    /// A JSON text, or nil for most runs.
    package var storedExtra: String? {
        get {
            var members: [String: JSONValue] = [:]
            members["payload"] = payload
            members["progress"] = progress.map { .string($0) }
            members["redrive_of"] = redriveOf.map { .string($0.description) }
            members["last_scheduled_for"] = lastScheduledFor.map { .integer($0.microseconds) }
            members["skipped_count"] = skippedCount.map { .integer(Int64($0)) }
            return members.isEmpty ? nil : JSONWriter.text(.object(members))
        }
        set {
            guard let members = newValue.flatMap({ JSONValue(text: $0) }) else { return }
            payload = members["payload"]
            progress = members["progress"]?.stringValue
            redriveOf = members["redrive_of"]?.stringValue.flatMap { RunID($0) }
            lastScheduledFor = members["last_scheduled_for"]?.integerValue.map { Instant(microseconds: $0) }
            skippedCount = members["skipped_count"]?.integerValue.map { Int($0) }
        }
    }

    /// When the run may be claimed, or nil while it may not.
    package var claimableAt: Instant? {
        let waits = status == .pending || status == .retrying
        return waits && blockedOn == nil ? dueAt : nil
    }
}
