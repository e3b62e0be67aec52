import CronModel

/// Text with `{{name}}` in it. The names are those of `Template.Name`; there are no loops, conditions or escapes, so that
/// a template can be checked completely when a job is saved.
struct Template: Hashable, Sendable {
    enum Name: Hashable, Sendable {
        case runID, jobID, jobName, scheduledFor, scheduledLocal, timezone, attempt, zone
        /// Members and array indices from the payload's root; empty for the whole payload.
        case payload([String])
        /// The value of one of the space's secrets.
        case secret(String)
        /// A path within what is known of whom a message is for.
        case recipient([String])
        /// How many rows a message's attachment has.
        case attachedRows
    }

    /// Which names there are.
    enum Names: Sendable {
        case ofAttempt
        /// Those, and the recipient's.
        case ofMessage
        /// Those, and what is known of an attachment that a database is asked for.
        case ofReport
    }

    private enum Part: Hashable {
        case text(String)
        case value(Name)
    }

    /// What is wrong with a template's text; `column` counts characters from 1.
    struct Problem: Error, Hashable {
        let message: String
        let column: Int
    }

    private let parts: [Part]

    init(_ text: String, names: Names = .ofAttempt) throws(Problem) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            if open.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<open.lowerBound]))) }
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw Problem(
                    message: "\"{{\" is never closed by \"}}\"", column: Self.column(of: open.lowerBound, in: text))
            }
            do throws(Problem) {
                parts.append(.value(try Self.name(rest[open.upperBound..<close.lowerBound], names)))
            } catch {
                // Counted for an error only: for each of thirty thousand names it took seconds.
                throw Problem(
                    message: error.message, column: Self.column(of: open.upperBound, in: text) + error.column)
            }
            rest = rest[close.upperBound...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// The name that the whole text stands for; nil for a text with anything beside it.
    var onlyName: Name? {
        guard parts.count == 1, case .value(let name) = parts[0] else { return nil }
        return name
    }

    var hasNames: Bool { parts.contains { if case .value = $0 { true } else { false } } }

    /// What stands beside the names.
    var fixedTexts: [String] { parts.compactMap { if case .text(let text) = $0 { text } else { nil } } }

    private static func column(of index: String.Index, in text: String) -> Int {
        text.distance(from: text.startIndex, to: index) + 1
    }

    /// The text with every value in its place, each passed through `escape`.
    /// - Parameter room: bytes that it may have at most; what it takes is taken off. A short text can name a long value
    ///   many thousand times.
    func rendered(
        with values: TemplateValues, room: inout Int, escape: (String) -> String = { $0 }
    ) throws(TemplateValues.Missing) -> String {
        var result = ""
        for part in parts {
            let piece =
                switch part {
                case .text(let text): text
                case .value(let name): escape(try values.text(of: name))
                }
            room -= piece.utf8.count
            guard room >= 0 else { throw TemplateValues.Missing(message: "with its values it is too long") }
            result += piece
        }
        return result
    }

    private static let attachedRows = "attachment.rows"

    private static let plainNames: [String: Name] = [
        "run_id": .runID, "job_id": .jobID, "job_name": .jobName, "scheduled_for": .scheduledFor,
        "scheduled_local": .scheduledLocal, "timezone": .timezone, "attempt": .attempt, "zone": .zone,
    ]

    /// - Throws: a problem whose column counts from 0, where the name begins.
    private static func name(_ text: Substring, _ names: Names) throws(Problem) -> Name {
        let blanks = text.prefix { $0 == " " }.count
        let word = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        let name = String(word)
        if let known = plainNames[name] { return known }
        if name == attachedRows, names == .ofReport { return .attachedRows }
        let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if path.count == 2, path[0] == "secrets", isSecretName(path[1]) { return .secret(path[1]) }
        let isOfRecipient = path.first == "recipient" && names != .ofAttempt
        guard path.first == "payload" || isOfRecipient else {
            throw Problem(message: "unknown name \"\(name.prefix(40))\"\(hint(for: name, names))", column: blanks)
        }
        guard path.allSatisfy({ !$0.isEmpty && !$0.contains { $0.isWhitespace || $0 == "{" || $0 == "}" } }) else {
            throw Problem(message: "\"\(name.prefix(40))\" is not a path such as payload.user.name", column: blanks)
        }
        return isOfRecipient ? .recipient(Array(path.dropFirst())) : .payload(Array(path.dropFirst()))
    }

    /// The first name in a text that is no template but may have been taken for one; nil where `{{…}}` is another
    /// language's.
    static func firstName(in text: String) -> String? {
        for piece in text.split(separator: "{{", omittingEmptySubsequences: false).dropFirst() {
            guard let close = piece.firstRange(of: "}}") else { continue }
            let name = piece[..<close.lowerBound].filter { $0 != " " }
            let isNear = plainNames[name] != nil || name.hasPrefix("payload") || name.hasPrefix("secrets.")
            if isNear, (try? Self.name(name[...], .ofAttempt)) != nil { return name }
        }
        return nil
    }

    private static func isSecretName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }

    private static func hint(for name: String, _ names: Names) -> String {
        let roots = names == .ofAttempt ? ["payload"] : ["payload", "recipient"]
        let known = plainNames.keys.sorted() + (names == .ofReport ? [attachedRows] : []) + roots
        if let near = known.first(where: { editDistance($0, name) <= 2 }) { return "; did you mean \"\(near)\"?" }
        let paths = roots.map { "\($0).FIELD" }.joined(separator: ", ")
        return "; known are \(known.joined(separator: ", ")), \(paths) and secrets.NAME"
    }
}
