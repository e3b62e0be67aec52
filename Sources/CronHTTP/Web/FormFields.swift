import CronModel

/// What a form sends (`application/x-www-form-urlencoded`), for readers of JSON: one reader of fields serves API and pages.
struct FormFields: Sendable {
    static let mediaType = "application/x-www-form-urlencoded"
    /// Fields of one form.
    static let most = 1_000
    /// The name of the field with the session's token.
    static let tokenField = "_csrf"
    /// Names with this mark in front are about the form itself, and no part of what it says.
    private static let ownMark = "_"

    static let none = FormFields()

    private let values: [String: String]

    private init() { values = [:] }

    /// - Throws: a problem that names the field.
    init(_ bytes: [UInt8]) throws(Problem) {
        var values: [String: String] = [:]
        var count = 0
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            count += 1
            guard count <= Self.most else {
                throw Problem(.validation, "the form has more than \(Self.most) fields")
            }
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = Self.decoded(parts.count > 1 ? parts[1] : []) else {
                throw Problem(.validation, "a field of the form is not percent-encoded UTF-8")
            }
            guard values.updateValue(value, forKey: name) == nil else { throw .invalid(name, "is there twice") }
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }

    /// What the form says. A field that was left empty is absent.
    var json: JSONValue {
        .object(
            values.filter { !$0.key.hasPrefix(Self.ownMark) && !$0.value.isEmpty }.mapValues { .string($0) })
    }

    /// Line breaks come as CR LF, and stay line breaks here.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): output.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal)
                else { return nil }
                let value = high << 4 | low
                if value == 0 { return nil }
                if value != 0x0D { output.append(value) }
            default: output.append(byte)
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
