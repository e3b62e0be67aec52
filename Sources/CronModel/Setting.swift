/// A kind of resource that actions name and use: its fields, some of them secret, are given by people and tried out before
/// anything depends on them. An implementation is one file in CronActions.
package protocol SettingKind: Sendable {
    var kind: Resource.Kind { get }
    /// Fields that are sealed where they are stored and never shown again.
    var secretFields: Set<String> { get }
    /// Fields that say where it leads, and whose word is taken for that it is there. What is secret was given for that place: when one of them changes, nobody who
    /// cannot read it may have it sent to another.
    var placeFields: Set<String> { get }
    /// Its fields, for those who write them: an object.
    var schema: Schema { get }
    /// The field whose value says which other fields there are; nil where all of them are there always.
    var selector: String? { get }
    /// What the selector may be; empty where there is none.
    var variants: [SettingVariant] { get }
    /// Fields that are right.
    var example: JSONValue { get }
    /// Everything wrong with the fields.
    func validate(_ fields: [String: JSONValue]) -> [FieldProblem]
    /// Tries it out: of a database without any effect that lasts, of a channel by a message.
    /// - Parameters:
    ///   - space: whose it is.
    ///   - hiding: takes secrets out of what others answer, before any of it is cut.
    func tryOut(
        _ fields: [String: JSONValue], of space: UserID, hiding: @escaping @Sendable (String) -> String
    ) async -> SettingTest
}

extension SettingKind {
    package var placeFields: Set<String> { [] }
    package var selector: String? { nil }
    package var variants: [SettingVariant] { [] }
}

/// One value of a setting's selector, and the fields that there are with it, in the order in which people should read them.
package struct SettingVariant: Hashable, Sendable {
    package let name: String
    package let members: [Schema.Member]

    package init(name: String, members: [Schema.Member]) {
        self.name = name
        self.members = members
    }
}

/// What came of trying a setting out.
package struct SettingTest: Hashable, Sendable {
    package var isUsable: Bool
    /// For people: what works, or what does not and why.
    package var message: String
    /// What was found out, such as a server's version.
    package var facts: [String: JSONValue]

    package init(isUsable: Bool, message: String, facts: [String: JSONValue] = [:]) {
        self.isUsable = isUsable
        self.message = message
        self.facts = facts
    }
}

/// The settings that one action names, opened for one attempt.
package struct AttemptSettings: Hashable, Sendable {
    private struct Key: Hashable {
        let kind: Resource.Kind
        let name: String
    }

    private var fields: [Key: [String: JSONValue]] = [:]

    package init() {}

    package subscript(kind: Resource.Kind, name: String) -> [String: JSONValue]? {
        get { fields[Key(kind: kind, name: name)] }
        set { fields[Key(kind: kind, name: name)] = newValue }
    }
}
