package import CronModel
import CronSchedule
import Foundation
import Synchronization

/// Judges values by JSON Schema, as far as the API's document uses it; a keyword that it does not know is a finding.
package struct SchemaCheck: Sendable {
    /// Where references lead.
    let document: JSONValue

    package init(document: JSONValue) {
        self.document = document
    }

    /// What is wrong, each with its path.
    package func findings(_ value: JSONValue, _ schema: JSONValue, at path: String = "$") -> [String] {
        guard case .object(let keywords) = schema else {
            return schema == .bool(false) ? ["\(path) may not be there"] : []
        }
        return keywords.sorted { $0.key < $1.key }.flatMap { keyword, rule in
            self.findings(value, keyword, rule, keywords, path)
        }
    }

    package func isValid(_ value: JSONValue, _ schema: JSONValue) -> Bool { findings(value, schema).isEmpty }

    /// What a reference such as `#/components/schemas/Job` leads to.
    package func target(of reference: String) -> JSONValue? {
        reference.dropFirst(2).split(separator: "/").reduce(document) { $0?[String($1)] }
    }

    private func findings(
        _ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ keywords: [String: JSONValue], _ path: String
    ) -> [String] {
        switch keyword {
        case "description", "title", "default", "readOnly", "x-minimum", "x-maximum", "then": return []
        case "$ref":
            guard let target = target(of: rule.stringValue ?? "") else { return ["\(path): \(rule) leads nowhere"] }
            return findings(value, target, at: path)
        case "type":
            let types = (rule.arrayValue ?? [rule]).compactMap(\.stringValue)
            return types.contains { isOf($0, value) } ? [] : ["\(path) is \(value.kindName), not of \(types)"]
        case "enum": return rule.arrayValue?.contains(value) == true ? [] : ["\(path): \(value) is none of \(rule)"]
        case "const": return rule == value ? [] : ["\(path): \(value) is not \(rule)"]
        case "anyOf", "oneOf":
            let fitting = (rule.arrayValue ?? []).filter { isValid(value, $0) }.count
            let isRight = keyword == "anyOf" ? fitting > 0 : fitting == 1
            return isRight
                ? []
                : [
                    "\(path) fits \(fitting) of \(keyword): \((rule.arrayValue ?? []).flatMap { findings(value, $0, at: path) })"
                ]
        case "allOf": return (rule.arrayValue ?? []).flatMap { findings(value, $0, at: path) }
        case "not": return isValid(value, rule) ? ["\(path) is what it may not be"] : []
        case "if": return isValid(value, rule) ? findings(value, keywords["then"] ?? .bool(true), at: path) : []
        default:
            switch value {
            case .object(let members): return ofObject(members, keyword, rule, keywords, path)
            case .array(let items): return ofArray(items, keyword, rule, path)
            case .string(let text): return ofText(text, keyword, rule, path)
            case .integer(let number): return ofNumber(Double(number), keyword, rule, path)
            case .number(let number): return ofNumber(number, keyword, rule, path)
            case .null, .bool: return []
            }
        }
    }

    private func isOf(_ type: String, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object),
            ("integer", .integer), ("number", .integer), ("number", .number):
            true
        case ("integer", .number(let number)): number == number.rounded()
        default: false
        }
    }

    private func ofObject(
        _ members: [String: JSONValue], _ keyword: String, _ rule: JSONValue, _ keywords: [String: JSONValue],
        _ path: String
    ) -> [String] {
        switch keyword {
        case "properties":
            return (rule.objectValue ?? [:]).flatMap { name, schema in
                members[name].map { findings($0, schema, at: "\(path).\(name)") } ?? []
            }
        case "required":
            return (rule.arrayValue ?? []).compactMap(\.stringValue).filter { members[$0] == nil }
                .map { "\(path).\($0) is missing" }
        case "additionalProperties":
            let known = keywords["properties"]?.objectValue ?? [:]
            return members.filter { known[$0.key] == nil }.flatMap { findings($0.value, rule, at: "\(path).\($0.key)") }
        case "propertyNames": return members.keys.flatMap { findings(.string($0), rule, at: "\(path) name \($0)") }
        case "maxProperties": return members.count <= rule.count ? [] : ["\(path) has \(members.count) members"]
        default: return unknown(keyword, "object", path)
        }
    }

    /// Of a long list: the same code has written all of them, and a thousand take 20 s in a debug build.
    private static let itemsLookedAt = 50

    private func ofArray(_ items: [JSONValue], _ keyword: String, _ rule: JSONValue, _ path: String) -> [String] {
        switch keyword {
        case "items":
            items.prefix(Self.itemsLookedAt).enumerated().flatMap {
                findings($0.element, rule, at: "\(path)[\($0.offset)]")
            }
        case "minItems": items.count >= rule.count ? [] : ["\(path) has \(items.count) items"]
        case "uniqueItems": Set(items).count == items.count ? [] : ["\(path) holds an item twice"]
        case "maxItems": items.count <= rule.count ? [] : ["\(path) has \(items.count) items"]
        default: unknown(keyword, "array", path)
        }
    }

    private func ofText(_ text: String, _ keyword: String, _ rule: JSONValue, _ path: String) -> [String] {
        let isRight: Bool
        switch keyword {
        case "minLength": isRight = text.unicodeScalars.count >= rule.count
        case "x-max-bytes": isRight = text.utf8.count <= rule.count
        case "maxLength": isRight = text.unicodeScalars.count <= rule.count
        case "pattern": isRight = Patterns.matches(rule.stringValue ?? "", text)
        case "format":
            switch rule.stringValue {
            case "uuid": isRight = RunID(text) != nil
            case "date-time": isRight = (try? Instant(rfc3339: text)) != nil
            // Formats of our own say what no pattern can; the readers are their check.
            default: isRight = rule.stringValue?.hasPrefix("cronpp-") == true
            }
        default: return unknown(keyword, "text", path)
        }
        return isRight ? [] : ["\(path): \"\(text.prefix(80))\" is not as \(keyword) \(rule) says"]
    }

    private func ofNumber(_ number: Double, _ keyword: String, _ rule: JSONValue, _ path: String) -> [String] {
        switch keyword {
        case "minimum": number >= rule.double ? [] : ["\(path): \(number) is below \(rule)"]
        case "maximum": number <= rule.double ? [] : ["\(path): \(number) is above \(rule)"]
        default: unknown(keyword, "number", path)
        }
    }

    /// Keywords of one kind of value say nothing of another.
    private static let known: Set<String> = [
        "properties", "required", "additionalProperties", "propertyNames", "maxProperties", "items", "minItems",
        "maxItems", "uniqueItems", "minLength", "maxLength", "x-max-bytes", "pattern", "format", "minimum", "maximum",
    ]

    private func unknown(_ keyword: String, _ kind: String, _ path: String) -> [String] {
        Self.known.contains(keyword) ? [] : ["\(path): the keyword \(keyword) is not known here"]
    }
}

private enum Patterns {
    private static let compiled = Mutex<[String: NSRegularExpression]>([:])

    static func matches(_ pattern: String, _ text: String) -> Bool {
        let expression = compiled.withLock { compiled -> NSRegularExpression? in
            if let known = compiled[pattern] { return known }
            // Elsewhere `$` also stands before a last line break.
            let strict = pattern.hasSuffix("$") ? String(pattern.dropLast()) + "\\z" : pattern
            compiled[pattern] = try? NSRegularExpression(pattern: strict)
            return compiled[pattern]
        }
        guard let expression else { return false }
        return expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
    }
}

extension JSONValue {
    fileprivate var count: Int { Int(integerValue ?? -1) }

    fileprivate var double: Double {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: .nan
        }
    }
}
