import CronModel

/// Schemas on the page: objects as tables, everything else in a few words.
enum SchemaPage {
    static func anchor(_ name: String) -> String { "object-\(name)" }

    /// What a body or an answer consists of: a link for what has a name, else its members.
    static func content(_ schema: Schema) -> HTML {
        if schema.name != nil || schema.members.isEmpty {
            let choices = objects(of: schema)
            guard !choices.isEmpty else { return "<p class=\"type\">\(type(schema))</p>" }
            return HTML(joining: choices.map { members($0) }, separator: "<p>or</p>")
        }
        return members(schema)
    }

    /// A request's fields, also those of an object with a name; many of them only on demand.
    static func body(_ schema: Schema) -> HTML {
        let named = schema.name == nil ? schema.choices.first { $0.name != nil } : schema
        guard let named, !named.members.isEmpty else { return content(schema) }
        let fields = members(named)
        guard named.members.count > manyFields else { return "<p class=\"type\">\(type(schema))</p>\(fields)" }
        return """
            <p class="type">\(type(schema))</p>
            <details><summary>\(named.members.count) fields</summary>\(fields)</details>
            """
    }

    private static let manyFields = 12

    static func members(_ schema: Schema) -> HTML {
        let rows = rows(schema, prefix: "")
        return rows.isEmpty ? "<p class=\"type\">an empty object</p>" : table(nil, rows)
    }

    /// A named schema that is no object of its own: its alternatives, or its kind.
    static func alternatives(_ schema: Schema) -> HTML {
        let about = schema.about.map { "<p>\(HTML(prose: $0))</p>" as HTML } ?? .none
        let choices = objects(of: schema)
        return choices.isEmpty ? about : "\(about)\(HTML(joining: choices.map { members($0) }, separator: "<p>or</p>"))"
    }

    static func table(_ title: String?, _ rows: [HTML]) -> HTML {
        let head: HTML = title.map { "<h4>\($0)</h4>" } ?? .none
        return "\(head)<div class=\"fields\">\(HTML(joining: rows))</div>"
    }

    static func row(name: String, place: String = "", schema: Schema, isRequired: Bool, about: String) -> HTML {
        let mark: HTML = isRequired ? " <b>required</b>" : .none
        let where_: HTML = place.isEmpty ? .none : " <i>\(place)</i>"
        let initial: HTML = schema.initial.map { "<br>Default <code>\($0)</code>." } ?? .none
        return """
            <div><p class="name"><code>\(name)</code>\(where_)\(mark)</p>
            <p class="type">\(type(schema))</p>
            <p class="about">\(HTML(prose: about))\(initial)</p></div>
            """
    }

    /// The members of an object, and of the objects without a name inside it.
    private static func rows(_ schema: Schema, prefix: String) -> [HTML] {
        schema.members.flatMap { member -> [HTML] in
            let name = prefix + member.name
            let own = row(name: name, schema: member.schema, isRequired: member.isRequired, about: member.about)
            guard member.schema.name == nil else { return [own] }
            let inner = member.schema.item ?? member.schema
            guard inner.name == nil else { return [own] }
            return [own] + rows(inner, prefix: name + (member.schema.item == nil ? "." : "[]."))
        }
    }

    /// The objects without a name among a schema's alternatives.
    private static func objects(of schema: Schema) -> [Schema] {
        schema.choices.filter { $0.name == nil && !$0.members.isEmpty }
    }

    // MARK: In words

    static func type(_ schema: Schema) -> HTML {
        if let name = schema.name { return "<a href=\"#\(anchor(name))\">\(name)</a>" }
        if !schema.choices.isEmpty { return HTML(joining: schema.choices.map(type), separator: " or ") }
        if let item = schema.item { return "list of \(type(item))\(limits(schema))" }
        if let words = schema.words {
            return HTML(joining: words.map { "<code>\($0)</code>" as HTML }, separator: " · ")
        }
        guard !schema.kinds.isEmpty else { return "anything" }
        return "\(schema.kinds.joined(separator: " or "))\(limits(schema))"
    }

    private static func limits(_ schema: Schema) -> HTML {
        var limits: [String] = []
        if let format = schema.text("format") { limits.append(format.replacing("cronpp-", with: "")) }
        func range(_ least: String, _ most: String, _ unit: String) {
            switch (schema.text(least), schema.text(most)) {
            case (let least?, let most?): limits.append("\(least) to \(most)\(unit)")
            case (let least?, nil): limits.append("from \(least)\(unit)")
            case (nil, let most?): limits.append("at most \(most)\(unit)")
            case (nil, nil): break
            }
        }
        range("minimum", "maximum", "")
        range("x-minimum", "x-maximum", "")
        // Of a format with limits of its own the length is of no interest.
        if schema.text("format") == nil { range("minLength", "x-max-bytes", " bytes long") }
        range("minItems", "maxItems", " items")
        if schema.value("uniqueItems") == .bool(true) { limits.append("each once") }
        range("minProperties", "maxProperties", " members")
        return limits.isEmpty ? .none : ", \(limits.joined(separator: ", "))"
    }
}

// MARK: - Asked of a schema

extension Schema {
    fileprivate func value(_ keyword: String) -> JSONValue? {
        if case .value(let value)? = parts[keyword] { value } else { nil }
    }

    fileprivate func text(_ keyword: String) -> String? {
        guard let value = value(keyword) else { return nil }
        return value.stringValue ?? JSONWriter.text(value)
    }

    fileprivate var about: String? { value("description")?.stringValue }
    fileprivate var initial: String? { value("default").map { JSONWriter.text($0) } }

    fileprivate var item: Schema? {
        if case .schema(let item)? = parts["items"] { item } else { nil }
    }

    fileprivate var choices: [Schema] {
        for keyword in ["anyOf", "oneOf", "allOf"] {
            if case .list(let choices)? = parts[keyword] { return choices }
        }
        return []
    }

    fileprivate var words: [String]? {
        let words = value("enum")?.arrayValue ?? value("const").map { [$0] }
        return words?.map { $0.stringValue ?? JSONWriter.text($0) }
    }

    fileprivate var kinds: [String] {
        guard let type = value("type") else { return [] }
        return (type.arrayValue ?? [type]).compactMap { kind in
            switch kind.stringValue {
            case "string": "text"
            case "integer": "whole number"
            case "boolean": "true or false"
            case let kind: kind
            }
        }
    }
}
