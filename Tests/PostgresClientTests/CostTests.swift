import PostgresClient
import Testing

/// Prints what coding costs; `Benchmarks/PostgresBench` is the one to quote, this build is not optimised.
@Suite struct CostTests {
    @Test func aThousandRowsOfTwentyColumns() async throws {
        let connection = try await Mode.session.connect()
        let rows = 1_000
        let clock = ContinuousClock()
        let start = clock.now
        let query = Self.insert(rows)
        let encoded = clock.now
        let result = try await connection.query(query)
        let answered = clock.now
        let sum = try Self.read(result)
        let decoded = clock.now
        #expect(result.rowCount == rows)
        #expect(sum > 0)
        print("1,000 rows × 20 columns: encoded in \(encoded - start), decoded in \(decoded - answered)")
    }

    private static func insert(_ rows: Int) -> PostgresQuery {
        let ids = PostgresArray((0..<rows).map { PostgresUUID(high: UInt64($0), low: 7) })
        let numbers = PostgresArray((0..<rows).map { Int64($0) })
        let small = PostgresArray((0..<rows).map { $0 % 2 == 0 ? Int16($0) : nil })
        let texts = PostgresArray((0..<rows).map { "text \($0)" })
        return """
            SELECT * FROM unnest(\(ids), \(ids), \(ids), \(ids), \(numbers), \(numbers), \(numbers), \(numbers), \(numbers),
                \(numbers), \(small), \(small), \(small), \(small), \(texts), \(texts), \(texts), \(texts), \(texts), \(texts))
            """
    }

    private static func read(_ result: PostgresResult) throws -> Int {
        var sum = 0
        for row in result.rows {
            for column in 0..<4 { sum &+= Int(truncatingIfNeeded: try row.uuid(column).low) }
            for column in 4..<10 { sum &+= Int(try row.int(column)) }
            for column in 10..<14 { sum &+= Int(try row.int16OrNil(column) ?? 0) }
            for column in 14..<20 { sum &+= try row.text(column).utf8.count }
        }
        return sum
    }
}
