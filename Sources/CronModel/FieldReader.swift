package import CronSchedule

/// Reads the members of a JSON object one by one, collecting what is wrong with each instead of stopping at the first.
package struct FieldReader {
    private let members: [String: JSONValue]
    /// Put before every field's name in a problem, such as `action.`.
    private let prefix: String
    private var asked: Set<String> = []
    /// What was written by a newer binary may have members that this one does not know.
    var passesUnknown = false
    /// Of `2026-02-01T10:00:00.000000Z`.
    private static let instantBytes = 27
    package private(set) var problems: [FieldProblem] = []

    package init(_ members: [String: JSONValue], prefix: String = "") {
        self.members = members
        self.prefix = prefix
    }

    /// For the members of one of its members. Its problems are to be adopted.
    func inside(_ field: String, _ members: [String: JSONValue]) -> FieldReader {
        var inner = FieldReader(members, prefix: "\(prefix)\(field).")
        inner.passesUnknown = passesUnknown
        return inner
    }

    package mutating func refuse(_ field: String, _ message: String, column: Int? = nil) {
        problems.append(FieldProblem(field: prefix + field, message: message, column: column))
    }

    /// Takes over a problem found by another reader.
    package mutating func adopt(_ problem: FieldProblem) { problems.append(problem) }

    /// The member, or nil when it is absent or null.
    package mutating func value(_ field: String) -> JSONValue? {
        asked.insert(field)
        guard let value = members[field], value != .null else { return nil }
        return value
    }

    package mutating func string(_ field: String, limit: Int = 1_024) -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value.stringValue else {
            refuse(field, "must be a string, not \(value.kindName)")
            return nil
        }
        guard text.utf8.count <= limit else {
            refuse(field, "is \(text.utf8.count) bytes long; the limit is \(limit)")
            return nil
        }
        return text
    }

    package mutating func bool(_ field: String) -> Bool? {
        guard let value = value(field) else { return nil }
        guard let flag = value.boolValue else {
            refuse(field, "must be true or false, not \(value.kindName)")
            return nil
        }
        return flag
    }

    package mutating func integer(_ field: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(field) else { return nil }
        guard let number = value.integerValue.flatMap({ Int(exactly: $0) }) else {
            refuse(field, "must be a whole number, not \(value.kindName)")
            return nil
        }
        guard range.contains(number) else {
            refuse(field, "\(number) is outside \(range.lowerBound)–\(range.upperBound)")
            return nil
        }
        return number
    }

    package mutating func number(_ field: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = value(field) else { return nil }
        let number: Double
        switch value {
        case .integer(let whole): number = Double(whole)
        case .number(let fraction): number = fraction
        default:
            refuse(field, "must be a number, not \(value.kindName)")
            return nil
        }
        guard range.contains(number) else {
            refuse(field, "\(number) is outside \(range.lowerBound)–\(range.upperBound)")
            return nil
        }
        return number
    }

    package mutating func span(_ field: String, in range: ClosedRange<Span>) -> Span? {
        guard let value = value(field) else { return nil }
        return span(field, value, in: range)
    }

    package mutating func span(_ field: String, _ value: JSONValue, in range: ClosedRange<Span>) -> Span? {
        guard let text = value.stringValue else {
            refuse(field, "must be a duration such as \"30s\" or \"PT30S\", not \(value.kindName)")
            return nil
        }
        do {
            let span = try Span(text: text)
            guard range.contains(span) else {
                refuse(field, "\(span) is outside \(range.lowerBound)–\(range.upperBound)")
                return nil
            }
            return span
        } catch {
            refuse(field, error.message, column: error.column)
            return nil
        }
    }

    package mutating func instant(_ field: String) -> Instant? {
        guard let text = string(field) else { return nil }
        return instant(field, text)
    }

    package mutating func instant(_ field: String, _ text: String) -> Instant? {
        do {
            let instant = try Instant(rfc3339: text)
            // RFC 3339 knows four digits of a year; with an offset even those can lead out of them.
            guard instant.description.utf8.count == Self.instantBytes else {
                refuse(field, "is outside the years 0000-9999")
                return nil
            }
            return instant
        } catch {
            refuse(field, error.message, column: error.column)
            return nil
        }
    }

    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ field: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        guard let text = string(field) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            refuse(field, "\"\(text)\" is not one of \(known)")
            return nil
        }
        return choice
    }

    /// Refuses members that nobody asked for, with the nearest known name. Call it last.
    package mutating func refuseUnknown(besides ignored: Set<String> = []) {
        guard !passesUnknown else { return }
        for name in members.keys.sorted() where !asked.contains(name) && !ignored.contains(name) {
            let nearest = asked.min { editDistance($0, name) < editDistance($1, name) }
            let hint = nearest.flatMap { editDistance($0, name) <= 2 ? "; did you mean \"\($0)\"?" : nil } ?? ""
            refuse(name, "unknown field\(hint)")
        }
    }
}

/// Levenshtein distance, for did-you-mean hints; names longer than 64 bytes are never near.
package func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left.utf8)
    let right = Array(right.utf8)
    guard left.count <= 64, right.count <= 64 else { return .max }
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let cost = min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1))
            diagonal = row[j + 1]
            row[j + 1] = cost
        }
    }
    return row[right.count]
}
