import CronModel
import CronSchedule

/// A batch of events as nodes tell it each other: one JSON text,
/// `["NODE", {"OWNER": [["JOB", MICROSECONDS, "STATUS", "RUN" or nothing], …]}, ["OWNER with a gap", …] or true]`.
enum EventMessage {
    /// At most `RedisLimits.messageBytes`; events for which there is no room become gaps.
    static func text(_ batch: EventBatch, from node: String) -> String {
        var batch = batch
        while true {
            let text = JSONWriter.text(json(batch, from: node))
            guard text.utf8.count > RedisLimits.messageBytes, !batch.events.isEmpty else { return text }
            // A little less than their share, for the gaps that take their place.
            let share = batch.events.count * RedisLimits.messageBytes / text.utf8.count
            batch = batch.cut(to: min(share * 7 / 8, batch.events.count - 1))
        }
    }

    /// Nil for a message of this node, and for whatever no node would send.
    static func batch(_ text: String, at node: String) -> EventBatch? {
        // Seen by its beginning: reading what one has written oneself would double the work.
        guard !text.hasPrefix("[\"\(node)\",") else { return nil }
        guard let parts = (try? JSONReader.read(Array(text.utf8)))?.arrayValue, parts.count == 3,
            parts[0].stringValue != nil, let owners = parts[1].objectValue
        else { return nil }
        var events: [LiveEvent] = []
        for (owner, rows) in owners.sorted(by: { $0.key < $1.key }) {
            guard let owner = UserID(owner), let rows = rows.arrayValue else { return nil }
            for row in rows {
                guard let event = LiveEvent(row, owner: owner) else { return nil }
                events.append(event)
            }
        }
        var batch = EventBatch(events)
        if parts[2] == .bool(true) {
            batch.addGapForAll()
            return batch
        }
        guard let gaps = parts[2].arrayValue else { return nil }
        for gap in gaps {
            guard let owner = gap.stringValue.flatMap({ UserID($0) }) else { return nil }
            batch.addGap(of: owner)
        }
        return batch
    }

    private static func json(_ batch: EventBatch, from node: String) -> JSONValue {
        let owners = Dictionary(grouping: batch.events, by: \.owner)
        let members = owners.map { ($0.key.description, JSONValue.array($0.value.map(\.row))) }
        let gaps = batch.gaps.map { JSONValue.string($0.description) }
        return .array([
            .string(node), .object(Dictionary(uniqueKeysWithValues: members)),
            batch.isGapForAll ? .bool(true) : .array(gaps),
        ])
    }
}

extension LiveEvent {
    fileprivate var row: JSONValue {
        let run = runID.map { [JSONValue.string($0.description)] } ?? []
        return .array([.string(jobID.description), .integer(at.microseconds), .string(status)] + run)
    }

    fileprivate init?(_ row: JSONValue, owner: UserID) {
        guard let parts = row.arrayValue, (3...4).contains(parts.count),
            let job = parts[0].stringValue.flatMap({ JobID($0) }), let at = parts[1].integerValue,
            let status = parts[2].stringValue
        else { return nil }
        let subject: Subject
        if parts.count == 4 {
            guard let run = parts[3].stringValue.flatMap({ RunID($0) }), let status = RunStatus(name: status) else {
                return nil
            }
            subject = .run(run, status)
        } else if let state = JobState(rawValue: status) {
            subject = .job(state)
        } else {
            guard status == Self.deleted else { return nil }
            subject = .job(nil)
        }
        self.init(owner: owner, jobID: job, subject, at: Instant(microseconds: at))
    }
}
