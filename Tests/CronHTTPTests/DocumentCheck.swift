import CronModel
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// Holds every answer that any test of this target gets to what the document says of it.
struct DocumentCheck: Sendable {
    let document: JSONValue
    private let check: SchemaCheck

    init(_ server: HTTPServer) {
        document = Document(routes: server.table.routes, version: "0").json
        check = SchemaCheck(document: document)
    }

    func expect(_ reply: Reply, to method: HTTPRequest.Method, _ uri: String) {
        // An answer to HEAD has no body; its GET is described.
        guard method != .head else { return }
        let found = findings(reply, to: method, uri)
        #expect(found.isEmpty, "\(method) \(uri) answers \(reply.status): \(found.joined(separator: "; "))")
    }

    func findings(_ reply: Reply, to method: HTTPRequest.Method, _ uri: String) -> [String] {
        findings(reply, operation(method, String(uri.prefix { $0 != "?" })))
    }

    /// The operation as the document has it; literal parts win over `{…}`.
    private func operation(_ method: HTTPRequest.Method, _ path: String) -> JSONValue? {
        let parts = path.split(separator: "/")
        let matches = (document["paths"]?.objectValue ?? [:]).filter { pattern, operations in
            let words = pattern.split(separator: "/")
            return words.count == parts.count && zip(words, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        let nearest = matches.min { $0.key.count { $0 == "{" } < $1.key.count { $0 == "{" } }
        return nearest?.value[method.rawValue.lowercased()]
    }

    private func findings(_ reply: Reply, _ operation: JSONValue?) -> [String] {
        guard let operation else {
            return [404, 405].contains(reply.status)
                ? check.findings(reply.json, ["$ref": "#/components/schemas/Problem"])
                : ["there is no such operation"]
        }
        guard var answer = operation["responses"]?["\(reply.status)"] else { return ["the status is not described"] }
        if let reference = answer["$ref"]?.stringValue {
            guard let target = check.target(of: reference) else { return ["\(reference) leads nowhere"] }
            answer = target
        }
        return headerFindings(reply, answer) + contentFindings(reply, answer)
    }

    private func headerFindings(_ reply: Reply, _ answer: JSONValue) -> [String] {
        (answer["headers"]?.objectValue ?? [:]).flatMap { name, described -> [String] in
            let header = described["$ref"]?.stringValue.flatMap { check.target(of: $0) } ?? described
            guard let value = HTTPField.Name(name).flatMap({ reply.headers[$0] }) else {
                return header["required"] == true ? ["the header \(name) is missing"] : []
            }
            return check.findings(.string(value), header["schema"] ?? .bool(false), at: name)
        }
    }

    private func contentFindings(_ reply: Reply, _ answer: JSONValue) -> [String] {
        guard let content = answer["content"]?.objectValue else {
            return reply.text.isEmpty ? [] : ["there is a body where none is described"]
        }
        let type = String((reply.headers[.contentType] ?? "").prefix { $0 != ";" })
        guard let schema = content[type]?["schema"] else { return ["the type \"\(type)\" is not described"] }
        let isJSON = type == "application/json" || type == Problem.mediaType
        return check.findings(isJSON ? reply.json : .string(reply.text), schema)
    }
}
