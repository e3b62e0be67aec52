import CronModel
import CronSchedule

/// Reads the query string's parameters one by one, like `FieldReader` reads a body's members.
struct QueryReader {
    private var fields: FieldReader

    init(_ query: String) {
        var members: [String: JSONValue] = [:]
        var refusals: [(String, String)] = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentText.decoded(parts[0], plusIsBlank: true),
                let value = PercentText.decoded(parts.count > 1 ? parts[1] : "", plusIsBlank: true)
            else {
                refusals.append((String(parts[0].prefix(40)), "is not percent-encoded UTF-8"))
                continue
            }
            if members.updateValue(.string(value), forKey: name) != nil { refusals.append((name, "is there twice")) }
        }
        fields = FieldReader(members)
        for (name, message) in refusals { fields.refuse(name, message) }
    }

    mutating func string(_ name: String) -> String? { fields.string(name) }

    mutating func id<Kind>(_ name: String, of kind: Kind.Type = Kind.self) -> Identifier<Kind>? {
        guard let text = fields.string(name) else { return nil }
        let id = Identifier<Kind>(text)
        if id == nil { fields.refuse(name, "is not a UUID") }
        return id
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String { fields.choice(name, type) }

    /// False when it is absent.
    mutating func flag(_ name: String) -> Bool {
        guard let text = fields.string(name) else { return false }
        if text != "true", text != "false" { fields.refuse(name, "must be true or false") }
        return text == "true"
    }

    mutating func instant(_ name: String) -> Instant? {
        guard let text = fields.string(name) else { return nil }
        // A client that forgot to encode the offset's plus sent a blank.
        let mended = text.dropLast(6) + text.suffix(6).map { $0 == " " ? "+" : $0 }
        return fields.instant(name, String(mended))
    }

    mutating func statuses(_ name: String) -> Set<RunStatus> {
        words(name, known: RunStatus.allCases.map(\.name)) { RunStatus(name: $0.uppercased()) }
    }

    mutating func choices<Choice: RawRepresentable & CaseIterable & Hashable>(
        _ name: String, _ type: Choice.Type
    ) -> Set<Choice> where Choice.RawValue == String {
        words(name, known: Choice.allCases.map(\.rawValue)) { Choice(rawValue: $0) }
    }

    mutating func origins(_ name: String) -> Set<RunOrigin> {
        words(name, known: RunOrigin.allCases.map(\.name)) { RunOrigin(name: $0) }
    }

    /// `NAME_from` and `NAME_to`.
    mutating func range(_ name: String) -> InstantRange {
        InstantRange(from: instant("\(name)_from"), to: instant("\(name)_to"))
    }

    /// `limit`, `cursor` and `order`, which every list has.
    /// - Parameter sort: what the list is sorted by: the cursor of one that was sorted otherwise is refused.
    mutating func page(sort: JobSort = .createdAt) -> (limit: Int, after: PageCursor?, descending: Bool) {
        (limit(), cursor(of: sort), choice("order", Order.self) == .descending)
    }

    /// Ends the reading; parameters that nobody asked for are refused by name.
    mutating func finish() throws(Problem) {
        fields.refuseUnknown()
        guard fields.problems.isEmpty else { throw .invalid(fields.problems) }
    }

    private enum Order: String, CaseIterable {
        case ascending = "asc"
        case descending = "desc"
    }

    /// Words separated by commas; none when the parameter is absent.
    private mutating func words<Word: Hashable>(
        _ name: String, known: [String], _ read: (String) -> Word?
    ) -> Set<Word> {
        guard let text = fields.string(name) else { return [] }
        var words: Set<Word> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if let word = read(String(part)) {
                words.insert(word)
            } else {
                fields.refuse(name, "\"\(part)\" is not one of \(known.joined(separator: ", "))")
            }
        }
        return words
    }

    private mutating func limit() -> Int {
        guard let text = fields.string("limit") else { return PageLimit.standard }
        guard let limit = Int(text), (1...PageLimit.most).contains(limit), "\(limit)" == text else {
            fields.refuse("limit", "must be a whole number from 1 to \(PageLimit.most)")
            return PageLimit.standard
        }
        return limit
    }

    private mutating func cursor(of sort: JobSort) -> PageCursor? {
        guard let text = fields.string("cursor") else { return nil }
        guard let cursor = PageCursor(text: text) else {
            fields.refuse("cursor", "is not a cursor that a list has answered")
            return nil
        }
        guard cursor.sort == sort else {
            fields.refuse(
                "cursor",
                "is of a list sorted by \"\(cursor.sort.rawValue)\"; begin anew to sort by \"\(sort.rawValue)\"")
            return nil
        }
        return cursor
    }
}

enum PercentText {
    /// Nil for a broken escape, a control character or what is not UTF-8.
    static func decoded(_ text: Substring, plusIsBlank: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                    rest.first != UInt8(ascii: "+"), value >= 0x20, value != 0x7F
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "+") where plusIsBlank: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
