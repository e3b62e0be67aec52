import PostgresClient

/// Statements that are sent in one round trip; each answer is found by the name that adding its statement gave.
struct RoundTrip {
    struct Name {
        fileprivate let index: Int
    }

    struct Answers {
        fileprivate let results: [PostgresResult]

        subscript(name: Name) -> PostgresResult { results[name.index] }
    }

    fileprivate var queries: [PostgresQuery] = []

    mutating func add(_ query: PostgresQuery) -> Name {
        queries.append(query)
        return Name(index: queries.count - 1)
    }

    /// Locks and the like, whose answers say nothing.
    mutating func add(_ queries: [PostgresQuery]) { self.queries += queries }
}

extension Session {
    func send(_ trip: RoundTrip) throws -> RoundTrip.Answers {
        RoundTrip.Answers(results: try transaction.pipeline(trip.queries))
    }
}
