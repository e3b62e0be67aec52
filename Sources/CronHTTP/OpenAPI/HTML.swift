import CronModel

/// Text that is safe to stand in a page: whatever is not markup of ours is escaped when it comes in.
struct HTML: Sendable, ExpressibleByStringInterpolation {
    private(set) var text: String

    /// Markup as it stands in the source.
    init(stringLiteral text: String) { self.text = text }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Prose with `code` in it.
    init(prose: String) {
        let parts = prose.split(separator: "`", omittingEmptySubsequences: false)
        text = parts.enumerated().map { index, part in
            index % 2 == 1 ? "<code>\(HTMLText.escaped(part))</code>" : HTMLText.escaped(part)
        }.joined()
    }

    init(joining pieces: some Sequence<HTML>, separator: String = "\n") {
        text = pieces.map(\.text).joined(separator: separator)
    }

    static let none: HTML = ""

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ html: HTML) { text += html.text }
        mutating func appendInterpolation(_ plain: String) { text += HTMLText.escaped(plain) }
        mutating func appendInterpolation(_ number: Int) { text += "\(number)" }
    }
}
