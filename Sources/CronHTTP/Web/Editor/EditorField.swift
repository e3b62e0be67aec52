import CronModel

/// A field of the editor: one member of a definition, and how it is written in a form.
struct EditorField: Sendable {
    enum Control: Sendable {
        case line
        case area(rows: Int)
        case choice([Option])
        /// Written, and never shown.
        case secret
    }

    struct Option: Sendable {
        let value: String
        let label: String
    }

    /// Its name in the form. That of its member, unless a member can be written in several ways.
    let name: String
    /// The member: `retry.strategy` is a member of a member.
    let path: String
    let label: String
    var hint: String?
    var control = Control.line
    var coding = EditorCoding.text
    var isRequired = false
    /// Read by programs.
    var isCode = false

    init(
        _ path: String, _ label: String, hint: String? = nil, control: Control = .line, coding: EditorCoding = .text,
        name: String? = nil, isRequired: Bool = false, isCode: Bool = false
    ) {
        self.name = name ?? path
        self.path = path
        self.label = label
        self.hint = hint
        self.control = control
        self.coding = coding
        self.isRequired = isRequired
        self.isCode = isCode
    }

    var isSecret: Bool { if case .secret = control { true } else { false } }

    /// The member as the form has it; nil if the form cannot have it unchanged.
    func text(_ value: JSONValue) -> String? {
        guard let text = coding.text(value), !text.isEmpty, !text.hasByte("\r"), !text.hasByte("\0") else { return nil }
        // A browser takes line breaks out of a line.
        if case .area = control { return text }
        return text.hasByte("\n") ? nil : text
    }
}

/// How a value is written as a text.
enum EditorCoding: Sendable {
    case text
    /// A number, or what is written in place of one.
    case number
    case json
    /// Texts with commas between.
    case list
    /// Texts, one a line.
    case lines
    /// Names and texts, one pair a line.
    case pairs(Character)

    /// Nil for a value that would be another when it is read again.
    func text(_ value: JSONValue) -> String? {
        switch self {
        case .text: return value.stringValue
        case .json: return value.stringValue == nil ? PrettyJSON.text(value) : nil
        case .number:
            if let text = value.stringValue { return Self.number(text) == nil ? text : nil }
            let text = JSONWriter.text(value)
            return Self.number(text) == nil ? nil : text
        case .list: return Self.joined(value, with: ", ") { !$0.contains(",") && !$0.hasByte("\n") }
        case .lines: return Self.joined(value, with: "\n") { !$0.hasByte("\n") }
        case .pairs(let mark):
            guard let members = value.objectValue, !members.isEmpty else { return nil }
            var lines: [String] = []
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                guard let text = member.stringValue, !name.isEmpty, !name.contains(mark), Self.isLine(name),
                    Self.isLine(text)
                else { return nil }
                lines.append("\(name)\(mark == ":" ? ": " : String(mark))\(text)")
            }
            return lines.joined(separator: "\n")
        }
    }

    /// - Throws: what is wrong with the text, as a sentence's end.
    func value(_ text: String) throws(EditorFault) -> JSONValue {
        switch self {
        case .text: return .string(text)
        case .number: return Self.number(text.trimmed) ?? .string(text)
        case .json:
            do {
                return try JSONReader.read(Array(text.utf8))
            } catch {
                throw EditorFault("is not JSON: \(error.message) (byte \(error.position))")
            }
        case .list:
            return .array(
                text.split(whereSeparator: { $0 == "," || $0 == "\n" }).map(String.init(_:)).map(\.trimmed)
                    .filter { !$0.isEmpty }.map { .string($0) })
        case .lines: return .array(text.split(separator: "\n").map { .string(String($0)) })
        case .pairs(let mark): return try Self.pairs(text, mark)
        }
    }

    private static func pairs(_ text: String, _ mark: Character) throws(EditorFault) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !String(line).trimmed.isEmpty {
            guard let end = line.firstIndex(of: mark) else {
                throw EditorFault("line \(number + 1) has no \"\(mark)\" between a name and its value")
            }
            let name = String(line[..<end]).trimmed
            guard !name.isEmpty else { throw EditorFault("line \(number + 1) has no name") }
            guard members.updateValue(.string(String(line[line.index(after: end)...]).trimmed), forKey: name) == nil
            else {
                throw EditorFault("\"\(name)\" is there twice")
            }
        }
        return .object(members)
    }

    private static func joined(_ value: JSONValue, with mark: String, _ isRight: (String) -> Bool) -> String? {
        guard let items = value.arrayValue, !items.isEmpty else { return nil }
        var texts: [String] = []
        for item in items {
            guard let text = item.stringValue, !text.isEmpty, text == text.trimmed || mark == "\n", isRight(text) else {
                return nil
            }
            texts.append(text)
        }
        return texts.joined(separator: mark)
    }

    private static func isLine(_ text: String) -> Bool { !text.hasByte("\n") && text == text.trimmed }

    private static func number(_ text: String) -> JSONValue? {
        guard text.first.map({ $0.isNumber || $0 == "-" }) == true, let value = try? JSONReader.read(Array(text.utf8))
        else { return nil }
        switch value {
        case .integer, .number: return value
        default: return nil
        }
    }
}

struct EditorFault: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

extension String {
    /// By byte: as a character a line break may be two of them.
    fileprivate func hasByte(_ scalar: Unicode.Scalar) -> Bool { utf8.contains(UInt8(ascii: scalar)) }

    /// Without blanks at its ends.
    var trimmed: String {
        let rest = drop { $0 == " " || $0 == "\t" }
        return String(rest.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
