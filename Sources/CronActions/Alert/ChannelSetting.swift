import CronModel
import CronSchedule

/// Channels, as people define them.
struct ChannelSetting: SettingKind {
    let kind = Resource.Kind.channel
    let secretFields = ChannelTypes.secretFields
    let placeFields = ChannelTypes.placeFields
    let schema = ChannelTypes.schema
    let selector: String? = "type"
    let variants = ChannelTypes.all.map { SettingVariant(name: $0.type, members: $0.members) }
    let example = JSONValue.object([
        "type": .string("ntfy"), "url": .string("https://ntfy.sh/a-topic-that-nobody-guesses"),
    ])

    private let sender: ChannelSender

    init(sender: ChannelSender) {
        self.sender = sender
    }

    func validate(_ fields: [String: JSONValue]) -> [FieldProblem] {
        FieldProblems.found { () throws(FieldProblems) in _ = try ChannelTypes.channel(fields, sender.hosts.addresses) }
    }

    /// Sends a message, to the first of the channel's people.
    func tryOut(
        _ fields: [String: JSONValue], of space: UserID, hiding: @escaping @Sendable (String) -> String
    ) async -> SettingTest {
        let channel: any AlertChannel
        do throws(FieldProblems) {
            channel = try ChannelTypes.channel(fields, sender.hosts.addresses)
        } catch {
            return SettingTest(error.all)
        }
        if channel.people?.isEmpty ?? false {
            return SettingTest(isUsable: false, message: "a test needs recipients of the channel's own")
        }
        let person = channel.people?.first
        let outcome = await sender.send(
            Self.message(at: sender.now()), by: channel, for: person, of: space, hiding: hiding)
        guard outcome.verdict == .success else {
            return SettingTest(isUsable: false, message: outcome.error ?? outcome.kind.rawValue)
        }
        return SettingTest(
            isUsable: true, message: person.map { "a message to \($0) was accepted" } ?? "a message was accepted",
            facts: outcome.httpStatus.map { ["http_status": .integer(Int64($0))] } ?? [:])
    }

    private static func message(at now: Instant) -> AlertMessage {
        var random = RandomSource()
        let id = RunID(at: now, using: &random).description
        return AlertMessage(
            id: id, title: "Test", text: "This channel of Cron++ works.", problem: id, sentAt: now)
    }
}
