import Foundation

/// `embed-files TYPE CODE FOLDER FILE…`: writes files as string literals into `CODE`, an extension of `TYPE`. Each is named
/// by its path inside `FOLDER`.
@main
enum EmbedFilesTool {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 3 else { throw EmbedError.usage }
        let folder = arguments[2].hasSuffix("/") ? arguments[2] : arguments[2] + "/"
        let files = try arguments[3...].map { try EmbeddedFile(path: $0, in: folder) }
        let code = """
            // Written by embed-files.
            extension \(arguments[0]) {
                static let embedded: [(path: String, text: String)] = [
            \(files.indices.map { "        (\"\(files[$0].name)\", file\($0))," }.joined(separator: "\n"))
                ]
            }

            """
        let literals = files.enumerated().map { "private let file\($0): String = \($1.literal)\n" }
        try (code + literals.joined(separator: "\n")).write(toFile: arguments[1], atomically: true, encoding: .utf8)
    }
}

enum EmbedError: Error, CustomStringConvertible {
    case usage
    case outside(String, folder: String)
    case notText(String)
    case character(String)

    var description: String {
        switch self {
        case .usage: "usage: embed-files TYPE CODE FOLDER FILE…"
        case .outside(let path, let folder): "\(path) is not inside \(folder)"
        case .notText(let path): "\(path) is not UTF-8"
        case .character(let path): "\(path) holds a carriage return or NUL, which a literal would change"
        }
    }
}

struct EmbeddedFile {
    let name: String
    private let text: String

    init(path: String, in folder: String) throws {
        guard path.hasPrefix(folder) else { throw EmbedError.outside(path, folder: folder) }
        name = String(path.dropFirst(folder.count))
        let bytes = try Data(contentsOf: URL(filePath: path))
        guard let text = String(validating: bytes, as: UTF8.self) else { throw EmbedError.notText(path) }
        guard !bytes.contains(0x0D), !bytes.contains(0) else { throw EmbedError.character(path) }
        self.text = text
    }

    /// A raw literal with more `#` than stand anywhere in the text, so that nothing in it ends the literal or escapes.
    var literal: String {
        var longest = 0
        var run = 0
        for byte in text.utf8 {
            run = byte == UInt8(ascii: "#") ? run + 1 : 0
            longest = max(longest, run)
        }
        let marks = String(repeating: "#", count: longest + 1)
        return "\(marks)\"\"\"\n\(text)\n\"\"\"\(marks)"
    }
}
