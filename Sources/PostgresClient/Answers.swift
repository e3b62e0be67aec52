import CLibPQ

/// The connection is no longer usable.
struct Lost: Error {
    let reason: String
    /// The server ended an idle session inside a transaction: then no COMMIT has reached it.
    var provesRollback = false
}

/// What came back of one exchange.
struct Answers {
    /// One for each statement until the first that failed.
    var results: [PostgresResult] = []
    private(set) var refusal: PostgresError?

    init(count: Int) { results.reserveCapacity(count) }

    /// Keeps the first error; what follows it in a pipeline only says that it was left out.
    mutating func refuse(_ error: ServerError, statement: String?) throws(Lost) {
        if error.endsConnection { throw error.lost }
        refusal = refusal ?? error.refusal(of: statement)
    }
}

/// An error as the server (or libpq on its own) reported it.
struct ServerError {
    /// How much of a statement an error shows, in characters.
    private static let shownStatement = 200

    let code: String?
    let message: String
    private let severity: String?
    private let constraint: String?

    init(_ result: OpaquePointer) {
        func field(_ name: Character) -> String? {
            PQresultErrorField(result, Int32(name.asciiValue ?? 0)).map { String(cString: $0) }
        }
        severity = field("V")
        code = field("C")
        constraint = field("n")
        message =
            field("M") ?? String(cString: PQresultErrorMessage(result)).split(separator: "\n").joined(separator: ", ")
    }

    /// The server ended the session, or libpq found it gone (then there is no code).
    var endsConnection: Bool { code == nil || severity == "FATAL" || severity == "PANIC" }

    var lost: Lost { Lost(reason: message, provesRollback: code == "25P03") }

    func refusal(of statement: String?) -> PostgresError {
        .sqlState(
            code: code ?? "", message: message, constraint: constraint,
            statement: statement.map { String($0.prefix(Self.shownStatement)) })
    }
}
