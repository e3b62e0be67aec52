package import CronSchedule

/// The kinds of values that requests and answers are made of.
extension Schema {
    /// Text. No store keeps U+0000. Readers count bytes of UTF-8 where JSON Schema counts characters: the most that it may
    /// have stands in `x-max-bytes` too.
    package static func string(
        _ lengths: ClosedRange<Int>? = nil, pattern: String = #"^[^\x00]*$"#, format: String? = nil
    ) -> Schema {
        var parts: [String: JSONValue] = ["pattern": .string(pattern)]
        if let lengths {
            if lengths.lowerBound > 0 { parts["minLength"] = .integer(Int64(lengths.lowerBound)) }
            parts["maxLength"] = .integer(Int64(lengths.upperBound))
            parts["x-max-bytes"] = .integer(Int64(lengths.upperBound))
        }
        if let format { parts["format"] = .string(format) }
        return Schema(type: "string", parts)
    }

    /// Text on one line.
    package static func line(_ lengths: ClosedRange<Int>) -> Schema {
        .string(lengths, pattern: #"^[^\x00-\x1F\x7F]*$"#)
    }

    package static let bool = Schema(type: "boolean")

    package static func integer(_ range: ClosedRange<Int>) -> Schema {
        Schema(
            type: "integer",
            ["minimum": .integer(Int64(range.lowerBound)), "maximum": .integer(Int64(range.upperBound))])
    }

    /// A whole number from that one on.
    package static func count(from least: Int64 = 0) -> Schema { Schema(type: "integer", ["minimum": .integer(least)]) }

    package static func number(_ range: ClosedRange<Double>) -> Schema {
        Schema(type: "number", ["minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)])
    }

    package static func choice(_ words: [String]) -> Schema {
        Schema(type: "string", ["enum": .array(words.map { .string($0) })])
    }

    package static func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) -> Schema
    where Choice.RawValue == String {
        choice(Choice.allCases.map(\.rawValue))
    }

    package static func constant(_ value: JSONValue) -> Schema {
        if case .string = value { return Schema(type: "string", ["const": value]) }
        return Schema(["const": .value(value)])
    }

    /// - Parameter isSet: whether each item may be there once only.
    package static func list(of item: Schema, _ counts: ClosedRange<Int>? = nil, isSet: Bool = false) -> Schema {
        var schema = Schema(["type": .value(.string("array")), "items": .schema(item)])
        if isSet { schema = schema.with("uniqueItems", .bool(true)) }
        if let counts {
            if counts.lowerBound > 0 { schema = schema.with("minItems", .integer(Int64(counts.lowerBound))) }
            schema = schema.with("maxItems", .integer(Int64(counts.upperBound)))
        }
        return schema
    }

    package static func anyOf(_ choices: [Schema]) -> Schema { Schema(["anyOf": .list(choices)]) }

    /// An object whose members have names of the client's choice.
    package static func map(of value: Schema, names: Schema? = nil, most: Int? = nil) -> Schema {
        var schema = Schema(["type": .value(.string("object")), "additionalProperties": .schema(value)])
        if let names { schema = schema.with("propertyNames", .schema(names)) }
        if let most { schema = schema.with("maxProperties", .integer(Int64(most))) }
        return schema
    }
}

// MARK: - What has a name

extension Schema {
    package static let id = Schema.string(
        pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", format: "uuid")

    /// A moment in an answer: always the same 27 bytes' form.
    package static let instant = Schema.string(
        pattern: #"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"#, format: "date-time")

    /// A moment in a request: RFC 3339 with any offset. Digits of a fraction beyond the sixth are cut.
    package static let instantText = Schema.string(
        pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?"
            + "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
        format: "date-time")

    /// A length of time, `1h30m` or ISO 8601. Its limits have no keyword in JSON Schema: they stand in `x-minimum` and
    /// `x-maximum`.
    package static func span(_ range: ClosedRange<Span>? = nil) -> Schema {
        let count = "[0-9]{1,18}"
        let units = ["[wW]", "[dD]", "[hH]", "[mM]", "[sS]", "[mM][sS]", "[uU][sS]"].map { "(\(count)\($0))?" }.joined()
        let days = "(\(count)[wW])?(\(count)[dD])?"
        let time = "([tT](?=[0-9])(\(count)[hH])?(\(count)[mM])?(\(count)(\\.[0-9]{1,9})?[sS])?)?"
        let schema = Schema.string(
            pattern: "^((?=[0-9])\(units)|[pP](?=[0-9tT])\(days)\(time))$", format: "cronpp-duration")
        guard let range else { return schema }
        return schema.with("x-minimum", .string(range.lowerBound.description))
            .with("x-maximum", .string(range.upperBound.description))
    }

    package static let anything = Schema([:])

    /// Any value that a request may hand over to be kept: every number is a 64-bit one, no text holds U+0000.
    package static let json: Schema = {
        let itself = JSONValue.object(["$ref": .string(components + "JSON")])
        let number = Schema(type: "number", ["minimum": .integer(.min), "maximum": .integer(.max)])
        return Schema.anyOf([
            Schema(type: "null"), .bool, number,
            .string(),
            Schema(type: "array", ["items": itself]),
            Schema(
                type: "object",
                ["additionalProperties": itself, "propertyNames": .object(["pattern": .string(#"^[^\x00]*$"#)])]),
        ]).with("description", .string("Any JSON value, nested at most \(JSONReader.depthLimit) deep in its document."))
            .named("JSON")
    }()

    /// A pattern that reads ASCII letters in either case; JSON Schema has no flag for it.
    package static func inAnyCase(_ text: String) -> String {
        text.map { letter in
            letter.isASCII && letter.isLetter ? "[\(letter.uppercased())\(letter.lowercased())]" : "\(letter)"
        }.joined()
    }
}
