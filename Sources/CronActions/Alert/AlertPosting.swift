import CronModel

/// One message of an alert: to one person by a channel, or to the channel itself.
struct AlertPosting: Sendable {
    let channel: String
    let recipient: AlertRecipients.One?
    let key: String

    /// For people.
    var place: String { recipient.map { "\($0.address) by \(channel)" } ?? channel }
}

extension AlertPosting {
    /// Of an alert that sends more, nothing is sent.
    static let limit = AlertDefinition.maxRecipients

    /// What an alert sends, channel by channel.
    /// - Parameters:
    ///   - people: of the channels that know people, those that are written to by themselves. Of one that is not in it nothing
    ///     more is known than that it is a place.
    ///   - recipients: in place of those.
    /// - Throws: for an alert to nobody, or to too many.
    static func all(
        _ channels: [String], people: [String: [String]], recipients: [AlertRecipients.One]?
    ) throws(TemplateValues.Missing) -> [AlertPosting] {
        var all: [AlertPosting] = []
        for channel in channels {
            guard let own = people[channel] else {
                all.append(AlertPosting(channel: channel, recipient: nil, key: key(channel, "", 0)))
                continue
            }
            guard let chosen = recipients ?? (own.isEmpty ? nil : own.map(AlertRecipients.One.init(address:))) else {
                throw TemplateValues.Missing(
                    message: "neither the alert nor the channel \"\(channel)\" says who the recipients are")
            }
            var turns: [String: Int] = [:]
            for recipient in chosen {
                let turn = turns[recipient.address, default: 0]
                turns[recipient.address] = turn + 1
                all.append(
                    AlertPosting(
                        channel: channel, recipient: recipient, key: key(channel, recipient.address, turn)))
            }
        }
        guard all.count <= limit else {
            throw TemplateValues.Missing(message: "these are \(all.count) messages; the limit is \(limit)")
        }
        return all
    }

    private static func key(_ channel: String, _ person: String, _ turn: Int) -> String {
        AlertProgress.key(channel: channel, person: person, turn: turn)
    }
}
