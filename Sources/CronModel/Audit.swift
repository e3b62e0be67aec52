package import CronSchedule

/// Who does something, and by which request.
package struct Actor: Hashable, Sendable {
    /// Whose things it may touch.
    package var space: UserID
    package var user: UserID?
    /// The API key that the request came with.
    package var key: ResourceID?
    package var address: String
    package var requestID: String
    /// What role and API key allow.
    package var permissions: [Permission]

    package init(
        space: UserID, user: UserID? = nil, key: ResourceID? = nil, address: String = "", requestID: String = "",
        permissions: [Permission] = []
    ) {
        self.space = space
        self.user = user
        self.key = key
        self.address = address
        self.requestID = requestID
        self.permissions = permissions
    }

    /// What the audit log is to keep of an act, such as `job.pause`.
    /// - Parameters:
    ///   - target: the id of what it was done to.
    ///   - before: what was there, nil if nothing; without secrets.
    ///   - after: what is there now, nil if nothing; without secrets.
    package func entry(
        _ act: String, target: String?, before: JSONValue? = nil, after: JSONValue? = nil
    ) -> AuditEntry {
        AuditEntry(actor: self, act: act, target: target, before: before, after: after)
    }
}

/// One line of the audit log, before the store has given it its place.
package struct AuditEntry: Hashable, Sendable {
    package var actor: Actor
    package var act: String
    package var target: String?
    package var before: JSONValue?
    package var after: JSONValue?

    package init(actor: Actor, act: String, target: String?, before: JSONValue? = nil, after: JSONValue? = nil) {
        self.actor = actor
        self.act = act
        self.target = target
        self.before = before
        self.after = after
    }

    /// The text that is kept and that the chain is made of.
    package var text: String { JSONWriter.text(.object(json)) }

    package var json: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "act": .string(act),
            "target": target.map { .string($0) } ?? .null,
            "user_id": (actor.user?.description).map { .string($0) } ?? .null,
            "api_key_id": (actor.key?.description).map { .string($0) } ?? .null,
            "address": .string(actor.address),
            "request_id": .string(actor.requestID),
        ]
        members["before"] = before
        members["after"] = after
        return members
    }
}

/// Tells what an act is to be remembered as, from what it has done; nil for nothing. Asked inside the transaction of the
/// act, so that neither is stored without the other.
package typealias Auditing<Value> = @Sendable (Value) -> AuditEntry?

/// One line of a space's audit log. Each is chained to the one before by its hash, so that a line cannot be changed,
/// removed or put in between without all later hashes being wrong.
package struct AuditRecord: Hashable, Sendable {
    /// 1 for the first of its space, without gaps.
    package var sequence: Int64
    package var at: Instant
    /// `AuditEntry.text`, byte for byte.
    package var text: String
    package var hash: [UInt8]

    package init(sequence: Int64, at: Instant, text: String, hash: [UInt8]) {
        self.sequence = sequence
        self.at = at
        self.text = text
        self.hash = hash
    }

    /// What the hash is the SHA-256 of: the hash before (nothing for the first), sequence and time in microseconds as
    /// eight bytes each, highest first, and the text.
    package static func chained(after last: [UInt8], sequence: Int64, at: Instant, text: String) -> [UInt8] {
        last + sequence.bigEndianBytes + at.microseconds.bigEndianBytes + Array(text.utf8)
    }
}

extension Int64 {
    fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}

package struct AuditQuery: Sendable {
    package var space: UserID
    /// The id of what was done to.
    package var target: String?
    package var from: Instant?
    package var to: Instant?
    package var limit = PageLimit.standard
    package var after: PageCursor?
    package var descending = false

    package init(space: UserID) {
        self.space = space
    }
}

extension AuditQuery {
    /// Whether the record is among those asked for, cursor and limit aside.
    package func selects(_ record: AuditRecord) -> Bool {
        (target.map { record.target == $0 } ?? true) && (from.map { record.at >= $0 } ?? true)
            && (to.map { record.at < $0 } ?? true)
    }
}

extension AuditRecord {
    /// Records are ordered by their sequence, within which time never goes back.
    package var cursor: PageCursor { PageCursor(at: at, id: (high: 0, low: UInt64(sequence))) }

    var target: String? { JSONValue(text: text)?["target"]?.stringValue }
}
