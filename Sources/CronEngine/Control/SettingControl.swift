package import CronModel
package import CronSchedule

/// What actions use by name besides secrets, of one kind: put in place, shown without its secret fields, tried out.
package struct SettingControl: Sendable {
    /// Within it a person waits for the end of a test.
    package static let longestTest = Span.seconds(30)

    package let setting: any SettingKind
    private let settings: NamedResources
    private let store: any Store
    private let vault: Vault

    package init(_ setting: any SettingKind, store: any Store, vault: Vault) {
        self.setting = setting
        self.store = store
        self.vault = vault
        settings = NamedResources(kind: setting.kind, store: store) { Self.shown($0, setting) }
    }

    package func list(_ query: ResourceQuery) async throws(ControlError) -> Page<Resource> {
        try await settings.list(query)
    }

    package func read(_ name: String, space: UserID) async throws(ControlError) -> Resource {
        try await settings.read(name, space: space)
    }

    /// Creates the setting or replaces it. Secret fields that the request leaves out, or sends as the mark, stay.
    /// - Returns: the setting, and whether it is new.
    package func put(
        _ name: String, _ json: JSONValue, if condition: Precondition, by actor: Actor
    ) async throws(ControlError) -> (resource: Resource, isNew: Bool) {
        guard let given = json.objectValue else { throw .invalid("", "must be an object, not \(json.kindName)") }
        return try await settings.put(name, if: condition, by: actor) { found, version throws(ControlError) in
            let fields = try await checked(given, over: found)
            do throws(VaultError) {
                return try await vault.body(
                    of: fields, secret: setting.secretFields, setting.kind, name: name, version: version,
                    in: actor.space)
            } catch {
                throw ControlError(error)
            }
        }
    }

    package func delete(_ name: String, version: Int64?, by actor: Actor) async throws(ControlError) {
        try await settings.delete(name, version: version, by: actor)
    }

    /// Tries out what is stored or, before it is, what would be.
    /// - Parameter json: nil or empty for the stored fields.
    package func test(_ name: String, _ json: JSONValue?, by actor: Actor) async throws(ControlError) -> SettingTest {
        try ResourceName.check(name)
        let found = try await settings.find(name, actor.space)
        let test = await tested(try await fields(toTest: json, over: found), in: actor.space)
        do throws(StoreError) {
            try await store.appendAudit(
                actor.entry(
                    "\(setting.kind.rawValue).test", target: found?.id.description,
                    after: .object([
                        "name": .string(name), "usable": .bool(test.isUsable), "message": .string(test.message),
                    ])))
        } catch {
            // It was tried all the same, and a message may have been sent.
            throw .store(.outcomeUnknown("\(error)"))
        }
        return test
    }

    private func fields(
        toTest json: JSONValue?, over found: Resource?
    ) async throws(ControlError) -> [String: JSONValue] {
        guard let json, json != .null, json != .object([:]) else {
            guard let found else { throw .store(.notFound) }
            return try await opened(found)
        }
        guard let given = json.objectValue else { throw .invalid("", "must be an object, not \(json.kindName)") }
        return try await checked(given, over: found)
    }

    /// What is tried may answer with what it was sent.
    private func tested(_ fields: [String: JSONValue], in space: UserID) async -> SettingTest {
        let secrets = setting.secretFields.compactMap { fields[$0] }.flatMap(SecretTexts.inside)
        let hiding: @Sendable (String) -> String = { SecretMark.hiding(secrets, in: $0) }
        let ended = await store.clock.run(within: Self.longestTest) { [setting] in
            await setting.tryOut(fields, of: space, hiding: hiding)
        }
        var test = ended.value
        if ended.isLate, !test.isUsable { test.message = "not ended after \(Self.longestTest): \(test.message)" }
        test.message = hiding(test.message)
        return test
    }

    /// Everything of it that is not secret.
    package func shown(_ resource: Resource) -> JSONValue { Self.shown(resource, setting) }

    private static func shown(_ resource: Resource, _ setting: any SettingKind) -> JSONValue {
        var members = resource.body.objectValue ?? [:]
        for field in setting.secretFields where members[field] != nil && members[field] != .null {
            members[field] = .string(SecretMark.text)
        }
        members["id"] = .string(resource.id.description)
        members["name"] = .string(resource.name)
        members["version"] = .integer(resource.version)
        members["created_at"] = .string(resource.createdAt.description)
        members["updated_at"] = .string(resource.updatedAt.description)
        return .object(members)
    }

    /// What an answer adds to the fields; sent back it is passed over.
    private static let added: Set<String> = ["id", "name", "version", "created_at", "updated_at"]

    private static let nothingKept =
        "is kept only for where this led before, and here is but the mark for it; give the secret itself"

    /// The fields as they are to be, found right.
    private func checked(
        _ given: [String: JSONValue], over found: Resource?
    ) async throws(ControlError) -> [String: JSONValue] {
        var fields = given.filter { !Self.added.contains($0.key) }
        let before = if let found { try await opened(found) } else { [String: JSONValue]() }
        let left = setting.secretFields.filter { fields[$0] == nil || fields[$0] == .string(SecretMark.text) }
        let leadsElsewhere = setting.placeFields.contains { field in
            !left.contains(field) && (fields[field] ?? .null) != (before[field] ?? .null)
        }
        var problems: [FieldProblem] = []
        for field in left.sorted() {
            let kept = leadsElsewhere ? nil : before[field]
            if kept == nil, fields[field] != nil {
                problems.append(FieldProblem(field: field, message: Self.nothingKept))
            }
            fields[field] = kept
        }
        if problems.isEmpty { problems = setting.validate(fields) }
        guard problems.isEmpty else { throw .invalid(problems) }
        return fields.filter { $0.value != .null }
    }

    private func opened(_ found: Resource) async throws(ControlError) -> [String: JSONValue] {
        do throws(VaultError) {
            return try await vault.fields(of: found)
        } catch {
            throw ControlError(error)
        }
    }
}
