import CronModel
import CronSchedule
import Hummingbird

/// Reads a request's query, refusing what it does not know.
struct QueryReader {
    private let parameters: [(String, String)]
    private var asked: Set<String> = []
    private(set) var problems: [FieldProblem] = []

    init(_ request: Request) {
        parameters = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
    }

    mutating func text(_ name: String) -> String? {
        asked.insert(name)
        return parameters.first { $0.0 == name }?.1
    }

    mutating func value<Value>(_ name: String, _ kind: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = text(name) else { return nil }
        if let value = parse(text) { return value }
        problems.append(FieldProblem(field: name, message: "\"\(text)\" is not \(kind)"))
        return nil
    }

    mutating func instant(_ name: String) -> Instant? {
        value(name, "an RFC 3339 instant") { try? Instant(rfc3339: $0) }
    }

    mutating func limit() -> Int {
        value("limit", "a whole number from 1 to \(PageLimit.most)") { text in
            Int(text).flatMap { (1...PageLimit.most).contains($0) ? $0 : nil }
        } ?? PageLimit.standard
    }

    mutating func cursor() -> PageCursor? { value("cursor", "a cursor of this list") { CursorText.decode($0) } }

    mutating func isDescending() -> Bool {
        value("order", "\"asc\" or \"desc\"") { ["asc": false, "desc": true][$0] } ?? false
    }

    /// - Throws: everything that was wrong.
    mutating func finish() throws {
        for (name, _) in parameters where !asked.contains(name) {
            problems.append(FieldProblem(field: name, message: "unknown query parameter"))
        }
        if !problems.isEmpty { throw APIError.invalid(problems) }
    }
}

extension APIContext {
    /// An id in the path; anything that is not one is not found.
    func id<Kind>(_ name: String = "id", as kind: Identifier<Kind>.Type = Identifier<Kind>.self) throws -> Identifier<
        Kind
    > {
        guard let text = parameters.get(name), let id = Identifier<Kind>(text) else { throw APIError.notFound }
        return id
    }
}
