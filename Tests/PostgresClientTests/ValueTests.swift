import PostgresClient
import PostgresServer
import Testing

@Suite struct ValueTests {
    @Test(arguments: Mode.allCases) func scalarsComeBack(_ mode: Mode) async throws {
        let connection = try await mode.connect()
        let uuid = PostgresUUID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
        let row = try await connection.query(
            """
            SELECT \(Int64.min), \(Int64.max), \(Int32.min), \(Int16.max), \(true), \(false), \("añ𝄞\u{1}"), \(""),
                \(-0.5), \([UInt8]([0, 255, 7])), \([UInt8]()), \(uuid), \(uuid)::text, \(PostgresJSONB("{\"a\": [1]}")),
                \(7), 1.5::float4, 'v'::varchar, 'n'::name
            """)
        #expect(try row.int(0, 0) == .min)
        #expect(try row.int(0, 1) == .max)
        #expect(try row.int(0, 2) == Int64(Int32.min))
        #expect(try row.int(0, 3) == Int64(Int16.max))
        #expect(try row.int16(0, 3) == .max)
        #expect(try row.bool(0, 4))
        #expect(try !row.bool(0, 5))
        #expect(try row.text(0, 6) == "añ𝄞\u{1}")
        #expect(try row.text(0, 7) == "")
        #expect(!row.isNull(0, 7))
        #expect(try row.double(0, 8) == -0.5)
        #expect(try row.bytes(0, 9) == [0, 255, 7])
        #expect(try row.bytes(0, 10) == [])
        #expect(try row.uuid(0, 11) == uuid)
        #expect(try row.text(0, 12) == "01234567-89ab-cdef-fedc-ba9876543210")
        #expect(try row.text(0, 13) == "{\"a\": [1]}")
        #expect(try row.int(0, 14) == 7)
        #expect(try row.double(0, 15) == 1.5)
        #expect(try row.text(0, 16) + row.text(0, 17) == "vn")
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude])
    func extremeDoubles(_ value: Double) async throws {
        let found = try await Mode.session.connect().query("SELECT \(value)").double(0, 0)
        #expect(found == value || (found.isNaN && value.isNaN))
    }

    @Test(arguments: Mode.allCases) func nullsComeBack(_ mode: Mode) async throws {
        let connection = try await mode.connect()
        let row = try await connection.query(
            """
            SELECT \(Int64?.none), \(Int16?.none), \(Bool?.none), \(Double?.none), \(String?.none), \([UInt8]?.none),
                \(PostgresUUID?.none), \(Int64?.some(5)), \(String?.some("")), \(Int32?.none), \(PostgresArray<Int64>?.none)
            """)
        #expect(try row.intOrNil(0, 0) == nil)
        #expect(try row.int16OrNil(0, 1) == nil)
        #expect(try row.boolOrNil(0, 2) == nil)
        #expect(try row.doubleOrNil(0, 3) == nil)
        #expect(try row.textOrNil(0, 4) == nil)
        #expect(try row.bytesOrNil(0, 5) == nil)
        #expect(try row.uuidOrNil(0, 6) == nil)
        #expect(try row.intOrNil(0, 7) == 5)
        #expect(try row.textOrNil(0, 8) == "")
        #expect(row.isNull(0, 9))
        #expect(row.isNull(0, 10))
    }

    @Test(arguments: Mode.allCases) func arraysComeBack(_ mode: Mode) async throws {
        let connection = try await mode.connect()
        let uuid = PostgresUUID(high: 1, low: 2)
        let result = try await connection.query(
            """
            SELECT * FROM unnest(\(PostgresArray<Int64>([1, 2])), \(PostgresArray<Int32?>([3, nil])),
                \(PostgresArray<Int16>([4, 5])), \(PostgresArray([true, false])), \(PostgresArray<String?>([nil, "x,\"{"])),
                \(PostgresArray<[UInt8]>([[0], []])), \(PostgresArray([uuid, uuid])), \(PostgresArray([0.5, 1.5])),
                \(PostgresArray<Int>([6])), \(PostgresArray([PostgresJSONB("[]"), PostgresJSONB("1")])))
            """)
        let rows = Array(result.rows)
        #expect(try rows.map { try $0.int(0) } == [1, 2])
        #expect(try rows.map { try $0.intOrNil(1) } == [3, nil])
        #expect(try rows.map { try $0.int16(2) } == [4, 5])
        #expect(try rows.map { try $0.bool(3) } == [true, false])
        #expect(try rows.map { try $0.textOrNil(4) } == [nil, "x,\"{"])
        #expect(try rows.map { try $0.bytes(5) } == [[0], []])
        #expect(try rows.map { try $0.uuid(6) } == [uuid, uuid])
        #expect(try rows.map { try $0.double(7) } == [0.5, 1.5])
        #expect(try rows.map { try $0.intOrNil(8) } == [6, nil])
        #expect(try rows.map { try $0.text(9) } == ["[]", "1"])
    }

    @Test func anEmptyArrayIsNotNull() async throws {
        let none = PostgresArray<Int64>([])
        let row = try await Mode.session.connect().query("SELECT cardinality(\(none)), 5 = ANY(\(none))")
        #expect(try row.int(0, 0) == 0)
        #expect(try !row.bool(0, 1))
    }

    @Test(arguments: Mode.allCases) func manyLongArrays(_ mode: Mode) async throws {
        let connection = try await mode.connect()
        let numbers = PostgresArray((0..<10_000).map { Int64($0) })
        let texts = PostgresArray((0..<10_000).map { $0 % 3 == 0 ? nil : "value \($0)" })
        let result = try await connection.query(
            """
            SELECT * FROM unnest(\(numbers), \(numbers), \(numbers), \(numbers), \(numbers), \(numbers), \(numbers),
                \(numbers), \(numbers), \(numbers), \(texts), \(texts), \(texts), \(texts), \(texts), \(texts), \(texts),
                \(texts), \(texts), \(texts))
            """)
        #expect(result.rowCount == 10_000)
        #expect(result.affected == 10_000)
        #expect(try result.int(9_999, 9) == 9_999)
        #expect(try result.text(9_998, 19) == "value 9998")
        #expect(try result.textOrNil(9_999, 10) == nil)
    }

    @Test func aWrongTypeIsAnErrorNotACrash() async throws {
        let result = try await Mode.session.connect().query(
            "SELECT 'x'::text AS word, 1::int8 AS one, NULL::int8 AS none")
        #expect(throws: PostgresError.decoding(column: "word", expectedOID: 20, foundOID: 25)) { try result.int(0, 0) }
        #expect(throws: PostgresError.decoding(column: "one", expectedOID: 2950, foundOID: 20)) {
            try result.uuid(0, 1)
        }
        #expect(throws: PostgresError.decoding(column: "one", expectedOID: 25, foundOID: 20)) { try result.text(0, 1) }
        #expect(throws: PostgresError.decoding(column: "none", expectedOID: 20, foundOID: 0)) { try result.int(0, 2) }
        #expect(throws: PostgresError.decoding(column: "word", expectedOID: 25, foundOID: 0)) { try result.text(1, 0) }
        #expect(throws: PostgresError.decoding(column: "3", expectedOID: 25, foundOID: 0)) {
            try result.textOrNil(0, 3)
        }
        #expect(throws: PostgresError.decoding(column: "-1", expectedOID: 16, foundOID: 0)) { try result.bool(0, -1) }
        #expect(throws: PostgresError.decoding(column: "word", expectedOID: 17, foundOID: 25)) {
            try result.bytes(0, 0)
        }
        #expect(throws: PostgresError.decoding(column: "one", expectedOID: 701, foundOID: 20)) {
            try result.double(0, 1)
        }
        #expect(throws: PostgresError.decoding(column: "one", expectedOID: 21, foundOID: 20)) { try result.int16(0, 1) }
    }

    @Test func valuesAreNeverSQL() async throws {
        let hostile = "'); DROP TABLE a; --"
        let query: PostgresQuery = "SELECT \(hostile), \(unescaped: "1")"
        #expect(query.text == "SELECT $1, 1")
        #expect(query.parameterCount == 1)
        #expect(try await Mode.session.connect().query(query).text(0, 0) == hostile)
    }

    @Test func theServersLimitsAreErrors() async throws {
        let connection = try await Mode.session.connect()
        #expect(try await failure { _ = try await connection.query("SELECT \("a\u{0}b")") }.sqlStateCode == "22021")
        var parts = PostgresQuery.StringInterpolation(literalCapacity: 0, interpolationCount: 0)
        parts.appendLiteral("SELECT 1 WHERE 1 IN (0")
        for _ in 0...65_535 {
            parts.appendLiteral(", ")
            parts.appendInterpolation(Int64(1))
        }
        parts.appendLiteral(")")
        let query = PostgresQuery(stringInterpolation: parts)
        #expect(
            try await failure { _ = try await connection.query(query) }
                == .misuse("65536 parameters in one statement, at most 65535"))
        #expect(try await connection.query("SELECT 1").int(0, 0) == 1)
    }
}
