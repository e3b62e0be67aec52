/// What a JSON value must be like, in the words of JSON Schema 2020-12. Kept as a value, not as text, so that limits come
/// from the constants that the readers use, and so that the page for people and the document for programs are one thing.
package struct Schema: Hashable, Sendable {
    /// One member of an object.
    package struct Member: Hashable, Sendable {
        package var name: String
        package var schema: Schema
        package var isRequired: Bool
        package var about: String

        package init(name: String, schema: Schema, isRequired: Bool, about: String) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
            self.about = about
        }
    }

    package enum Part: Hashable, Sendable {
        case value(JSONValue)
        case schema(Schema)
        case list([Schema])
    }

    /// Its place among the document's components; nil for one that is written out where it is used.
    package private(set) var name: String?
    package private(set) var parts: [String: Part]
    /// In the order in which people should read them.
    package private(set) var members: [Member] = []

    package init(_ parts: [String: Part]) {
        self.parts = parts
    }

    package init(type: String, _ parts: [String: JSONValue] = [:]) {
        self.parts = parts.mapValues { .value($0) }
        self.parts["type"] = .value(.string(type))
    }

    /// - Parameter isOpen: whether it may have members that are not described.
    package static func object(_ members: [Member], isOpen: Bool = false) -> Schema {
        var schema = Schema(type: "object")
        schema.members = members
        if !isOpen { schema.parts["additionalProperties"] = .value(.bool(false)) }
        return schema
    }
}

extension Schema {
    /// The same with another keyword; not for one that has a name, which is written once.
    package func with(_ keyword: String, _ part: Part) -> Schema {
        guard name == nil else { return Schema(["allOf": .list([self]), keyword: part]) }
        var schema = self
        schema.parts[keyword] = part
        return schema
    }

    package func with(_ keyword: String, _ value: JSONValue) -> Schema { with(keyword, .value(value)) }

    package func named(_ name: String) -> Schema {
        var schema = self
        schema.name = name
        return schema
    }

    /// The same or null.
    package var orNull: Schema {
        guard name == nil, case .value(let type)? = parts["type"] else {
            // What has no type may be null already.
            if parts.isEmpty { return self }
            return Schema(["anyOf": .list([self, Schema(type: "null")])])
        }
        var schema = self
        schema.parts["type"] = .value(.array((type.arrayValue ?? [type]) + [.string("null")]))
        if case .value(.array(let choices))? = parts["enum"] {
            schema.parts["enum"] = .value(.array(choices + [.null]))
        }
        if let constant = parts["const"], case .value(let value) = constant {
            schema.parts["const"] = nil
            schema.parts["enum"] = .value(.array([value, .null]))
        }
        return schema
    }

    package func without(_ keyword: String) -> Schema {
        var schema = self
        schema.parts[keyword] = nil
        return schema
    }

    /// Another object with more members, under a name of its own.
    package func extended(as other: String, by more: [Member]) -> Schema {
        var schema = self
        schema.name = other
        schema.members += more
        return schema
    }

    package mutating func prepend(_ member: Member) { members.insert(member, at: 0) }

    /// The same object with its members changed.
    package func mapMembers(_ change: (Member) -> Member?) -> Schema {
        var schema = self
        schema.members = members.compactMap(change)
        return schema
    }
}

extension Schema.Member {
    package static func required(_ name: String, _ schema: Schema, _ about: String = "") -> Schema.Member {
        Schema.Member(name: name, schema: schema, isRequired: true, about: about)
    }

    package static func optional(_ name: String, _ schema: Schema, _ about: String = "") -> Schema.Member {
        Schema.Member(name: name, schema: schema, isRequired: false, about: about)
    }

    /// What a request may leave out or set to null, which mean the same.
    package static func field(
        _ name: String, _ schema: Schema, default initial: JSONValue? = nil, _ about: String = ""
    ) -> Schema.Member {
        let schema = schema.orNull
        return .optional(name, initial.map { schema.with("default", $0) } ?? schema, about)
    }
}

// MARK: - Writing

extension Schema {
    static let components = "#/components/schemas/"

    /// As it stands where it is used: itself, or a reference.
    package var json: JSONValue {
        guard let name else { return definition }
        return .object(["$ref": .string(Self.components + name)])
    }

    /// Itself, whether or not it has a name.
    package var definition: JSONValue {
        var json = parts.mapValues(\.json)
        if !members.isEmpty {
            json["properties"] = .object(
                Dictionary(members.map { ($0.name, $0.json) }, uniquingKeysWith: { first, _ in first }))
            let required = members.filter(\.isRequired).map { JSONValue.string($0.name) }
            if !required.isEmpty { json["required"] = .array(required) }
        }
        return .object(json)
    }

    /// Adds the schemas with names that it consists of.
    package func collect(into named: inout [String: Schema]) {
        if let name {
            guard named[name] == nil else { return }
            named[name] = self
        }
        for part in parts.values {
            switch part {
            case .value: break
            case .schema(let schema): schema.collect(into: &named)
            case .list(let schemas): for schema in schemas { schema.collect(into: &named) }
            }
        }
        for member in members { member.schema.collect(into: &named) }
    }
}

extension Schema.Part {
    fileprivate var json: JSONValue {
        switch self {
        case .value(let value): value
        case .schema(let schema): schema.json
        case .list(let schemas): .array(schemas.map(\.json))
        }
    }
}

extension Schema.Member {
    fileprivate var json: JSONValue {
        guard !about.isEmpty, case .object(var json) = schema.json else { return schema.json }
        json["description"] = .string(about)
        return .object(json)
    }
}
