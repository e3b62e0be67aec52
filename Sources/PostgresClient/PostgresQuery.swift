/// SQL text and its parameters: `"SELECT … WHERE id = \(id)"`. Every interpolated value becomes a bind parameter, so that
/// a value can never be read as SQL, and equal texts are one prepared statement of a connection.
package struct PostgresQuery: Sendable, ExpressibleByStringInterpolation {
    package let text: String
    let oids: [UInt32]
    /// All values one after the other; `ends[i]` is where value i ends, with the top bit set if it is NULL.
    let bytes: [UInt8]
    let ends: [Int]
    /// Values and answer travel as text: of a statement whose types only the server knows.
    let isPlain: Bool

    static let null = Int.min

    package init(stringLiteral value: String) {
        text = value
        oids = []
        bytes = []
        ends = []
        isPlain = false
    }

    package init(stringInterpolation parts: StringInterpolation) {
        text = parts.text
        oids = parts.oids
        bytes = parts.bytes
        ends = parts.ends
        isPlain = false
    }

    /// A statement that comes from outside, with the values of its `$1`, `$2`, … as text; the server finds out their types,
    /// and `PostgresTransaction.table` reads what comes of it. No value may hold U+0000.
    package init(plain text: String, values: [String?]) {
        self.text = text
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for value in values {
            // libpq looks for the end of what is not binary.
            bytes += value.map { Array($0.utf8) + [0] } ?? []
            ends.append(value == nil ? bytes.count | Self.null : bytes.count)
        }
        self.bytes = bytes
        self.ends = ends
        oids = Array(repeating: 0, count: values.count)
        isPlain = true
    }

    package var parameterCount: Int { oids.count }

    package struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var oids: [UInt32] = []
        var bytes: [UInt8] = []
        var ends: [Int] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 4)
            oids.reserveCapacity(interpolationCount)
            ends.reserveCapacity(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { text.append(literal) }

        /// Constant SQL text: names of tables, columns, shared conditions. Never anything that came from outside.
        package mutating func appendInterpolation(unescaped sql: String) { text.append(sql) }

        /// Another statement's text with its parameters, such as a condition that not every search has.
        package mutating func appendInterpolation(part: PostgresQuery) {
            var pieces = part.text.split(separator: "$", omittingEmptySubsequences: false)
            text.append(contentsOf: pieces.removeFirst())
            // Parameters are numbered in the order of the text, each once.
            for (index, piece) in pieces.enumerated() {
                text.append("$\(oids.count + index + 1)")
                text.append(contentsOf: piece.drop { $0.isNumber })
            }
            ends += part.ends.map { $0 & PostgresQuery.null | ($0 & Int.max) + bytes.count }
            bytes += part.bytes
            oids += part.oids
        }

        /// Beside the one below only because the compiler warns of optionals where none are declared.
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) { append(value) }

        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) { append(value) }

        private mutating func append<Value: PostgresEncodable>(_ value: Value) {
            if value.isNull {
                ends.append(bytes.count | PostgresQuery.null)
            } else {
                value.encode(into: &bytes)
                ends.append(bytes.count)
            }
            oids.append(Value.postgresOID)
            text.append("$")
            text.append(String(oids.count))
        }
    }
}

extension PostgresQuery: CustomStringConvertible {
    /// The text without the values.
    package var description: String { text }
}
