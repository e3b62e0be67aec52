import Foundation
import PostgresClient
import PostgresServer

// What the PostgreSQL client costs beside the server: coding 1,000 rows of 20 columns, and round trips. One JSON object a
// line. Starts a server of its own (fsync off: the disk is not what is measured).
// Usage: postgres-bench [ROUNDS]

let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20
let rows = 1_000
let clock = ContinuousClock()

func report(_ name: String, _ unit: String, _ values: [Double]) {
    let sorted = values.sorted()
    func text(_ value: Double) -> String { String(format: "%.2f", value) }
    print(
        #"{"name":"\#(name)","unit":"\#(unit)","min":\#(text(sorted[0])),"median":\#(text(sorted[sorted.count / 2])),"#
            + #""max":\#(text(sorted[sorted.count - 1]))}"#)
}

func microseconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) * 1e6 + Double(duration.components.attoseconds) / 1e12
}

let ids = (0..<rows).map { PostgresUUID(high: UInt64($0), low: 7) }
let numbers = (0..<rows).map { Int64($0) }
let small = (0..<rows).map { $0 % 2 == 0 ? Int16($0) : nil }
let texts = (0..<rows).map { "text number \($0)" }

/// 4 uuid, 6 int8, 4 int2 of which every other is NULL, 6 text.
func query() -> PostgresQuery {
    let (a, b, c, d) = (PostgresArray(ids), PostgresArray(numbers), PostgresArray(small), PostgresArray(texts))
    return """
        SELECT * FROM unnest(\(a), \(a), \(a), \(a), \(b), \(b), \(b), \(b), \(b), \(b), \(c), \(c), \(c), \(c), \(d), \(d),
            \(d), \(d), \(d), \(d))
        """
}

func read(_ result: PostgresResult) throws -> Int {
    var sum = 0
    for row in result.rows {
        for column in 0..<4 { sum &+= Int(truncatingIfNeeded: try row.uuid(column).low) }
        for column in 4..<10 { sum &+= Int(try row.int(column)) }
        for column in 10..<14 { sum &+= Int(try row.int16OrNil(column) ?? 0) }
        for column in 14..<20 { sum &+= try row.text(column).utf8.count }
    }
    return sum
}

let url = try PostgresServer.shared.freshDatabase()
let session = try PostgresConfig(url: url, pooling: .session)
let connection = try await PostgresConnection.connect(session)
let result = try await connection.query(query())
var (encoding, decoding, sum) = ([Double](), [Double](), 0)
for _ in 0..<rounds {
    let start = clock.now
    sum &+= query().parameterCount
    let middle = clock.now
    sum &+= try read(result)
    encoding.append(microseconds(middle - start) / Double(rows))
    decoding.append(microseconds(clock.now - middle) / Double(rows))
}
report("encode a row of 20 columns", "us", encoding)
report("decode a row of 20 columns", "us", decoding)

let pooled = try PostgresConfig(url: PostgresServer.shared.bouncerURL(url), pooling: .transaction)
for (name, config) in [("", session), (" through pgbouncer", pooled)] {
    let pool = PostgresPool(config: config, size: 2, waitLimit: 5_000)
    var (commit, two) = ([Double](), [Double]())
    for number in 0..<rounds * 50 {
        let start = clock.now
        try await pool.transaction { try $0.commit("SELECT \(number)") }
        let middle = clock.now
        try await pool.transaction { tx in
            _ = try tx.query("SELECT \(number)")
            try tx.commit("SELECT \(number)")
        }
        commit.append(microseconds(middle - start))
        two.append(microseconds(clock.now - middle))
    }
    report("transaction of one round trip\(name)", "us", commit)
    report("transaction of two round trips\(name)", "us", two)
    await pool.close()
}
