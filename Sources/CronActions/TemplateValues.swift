import CronModel
import CronSchedule

/// What a template may name: facts about one attempt.
struct TemplateValues {
    /// A payload path that leads nowhere, or a secret that there is none of.
    struct Missing: Error, Hashable {
        let message: String
    }

    let attempt: AttemptContext
    /// Whom a message is for, where it is for somebody.
    var recipient: JSONValue?
    /// Of a message's attachment, where a database was asked for it.
    var attachedRows: Int?

    /// Text goes in as it is; numbers, booleans, null, arrays and objects as JSON.
    func text(of name: Template.Name) throws(Missing) -> String {
        let value = try value(of: name)
        return value.stringValue ?? JSONWriter.text(value)
    }

    func value(of name: Template.Name) throws(Missing) -> JSONValue {
        switch name {
        case .runID: .string(attempt.runID.description)
        case .jobID: .string(attempt.jobID.description)
        case .jobName: .string(attempt.jobName)
        case .scheduledFor: .string(attempt.scheduledFor.description)
        case .scheduledLocal: .string(local)
        case .timezone: .string(attempt.timezone)
        case .attempt: .integer(Int64(attempt.attempt))
        case .zone: .string(attempt.zone)
        case .payload(let path): try Self.value(at: path, in: attempt.payload, named: "payload")
        case .recipient(let path): try value(ofRecipient: path)
        case .secret(let name): .string(try secret(name))
        case .attachedRows: .integer(Int64(attachedRows ?? 0))
        }
    }

    /// The slot on the clock of its zone, to the second; of a zone that is there no more, in UTC.
    private var local: String {
        let zoned = try? ZoneCatalog.localTime(of: attempt.scheduledFor, in: attempt.timezone)
        return zoned?.text ?? attempt.scheduledFor.description
    }

    private func secret(_ name: String) throws(Missing) -> String {
        guard let value = attempt.secrets[name] else { throw Missing(message: "there is no secret \"\(name)\"") }
        return value
    }

    private func value(ofRecipient path: [String]) throws(Missing) -> JSONValue {
        guard let recipient else { throw Missing(message: "nobody in particular is written to, so there is no recipient") }
        return try Self.value(at: path, in: recipient, named: "recipient")
    }

    private static func value(
        at path: [String], in root: JSONValue, named name: String
    ) throws(Missing) -> JSONValue {
        var value = root
        for (depth, key) in path.enumerated() {
            guard let next = member(key, of: value) else {
                let place = ([name] + path.prefix(depth)).joined(separator: ".")
                throw Missing(message: "\(place) has no \"\(key.prefix(80))\"")
            }
            value = next
        }
        return value
    }

    private static func member(_ key: String, of value: JSONValue) -> JSONValue? {
        if let items = value.arrayValue {
            guard let index = Int(key), items.indices.contains(index) else { return nil }
            return items[index]
        }
        return value[key]
    }
}
