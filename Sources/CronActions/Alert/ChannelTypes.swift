import CronModel

/// The types of channels that there are, and how one is read.
enum ChannelTypes {
    /// One line for each.
    static let all: [any AlertChannel.Type] = [
        EmailChannel.self,
        SMSChannel.self,
        SlackChannel.self,
        DiscordChannel.self,
        TeamsChannel.self,
        TelegramChannel.self,
        PagerDutyChannel.self,
        NtfyChannel.self,
        WebhookChannel.self,
    ]

    /// Whoever knows an incoming webhook's URL, or a topic's, can write there: it is a key.
    static let secretFields: Set<String> = ["password", "routing_key", "signing_secret", "token", "url"]
    /// Where a channel leads, and whom it believes to be there: what is secret in it is for that place only.
    static let placeFields: Set<String> = ["type", "gateway", "host", "port", "tls", "ca_certificate", "url"]

    static func channel(
        _ fields: [String: JSONValue], _ addresses: AddressGuard
    ) throws(FieldProblems) -> any AlertChannel {
        var reader = FieldReader(fields)
        let name = reader.string("type")
        if name == nil, reader.value("type") == nil { reader.refuse("type", "is required") }
        guard let name else { throw FieldProblems(reader.problems) }
        guard let type = all.first(where: { $0.type == name }) else {
            let known = all.map { "\"\($0.type)\"" }.joined(separator: ", ")
            reader.refuse("type", "\"\(name.prefix(40))\" is not one of \(known)")
            throw FieldProblems(reader.problems)
        }
        let channel = type.init(&reader, addresses)
        reader.refuseUnknown()
        guard let channel, reader.problems.isEmpty else { throw FieldProblems(reader.problems) }
        return channel
    }

    /// The fields of all types, each with the types that have it.
    static let schema: Schema = {
        var members: [Schema.Member] = [
            .required("type", .choice(all.map { $0.type }), "Of the other fields each type has its own.")
        ]
        for type in all {
            for member in type.members {
                let about = "`\(type.type)`: \(member.about)"
                if let index = members.firstIndex(where: { $0.name == member.name }) {
                    members[index].about += " \(about)"
                } else {
                    members.append(.optional(member.name, member.schema, about))
                }
            }
        }
        return .object(members)
    }()
}
