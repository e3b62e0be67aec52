/// One row of a result.
package struct PostgresRow: Sendable {
    package let result: PostgresResult
    package let index: Int

    package func int(_ column: Int) throws(PostgresError) -> Int64 { try result.int(index, column) }
    package func intOrNil(_ column: Int) throws(PostgresError) -> Int64? { try result.intOrNil(index, column) }
    package func int16(_ column: Int) throws(PostgresError) -> Int16 { try result.int16(index, column) }
    package func int16OrNil(_ column: Int) throws(PostgresError) -> Int16? { try result.int16OrNil(index, column) }
    package func bool(_ column: Int) throws(PostgresError) -> Bool { try result.bool(index, column) }
    package func boolOrNil(_ column: Int) throws(PostgresError) -> Bool? { try result.boolOrNil(index, column) }
    package func double(_ column: Int) throws(PostgresError) -> Double { try result.double(index, column) }
    package func doubleOrNil(_ column: Int) throws(PostgresError) -> Double? { try result.doubleOrNil(index, column) }
    package func text(_ column: Int) throws(PostgresError) -> String { try result.text(index, column) }
    package func textOrNil(_ column: Int) throws(PostgresError) -> String? { try result.textOrNil(index, column) }
    package func bytes(_ column: Int) throws(PostgresError) -> [UInt8] { try result.bytes(index, column) }
    package func bytesOrNil(_ column: Int) throws(PostgresError) -> [UInt8]? { try result.bytesOrNil(index, column) }
    package func uuid(_ column: Int) throws(PostgresError) -> PostgresUUID { try result.uuid(index, column) }
    package func uuidOrNil(_ column: Int) throws(PostgresError) -> PostgresUUID? { try result.uuidOrNil(index, column) }
    package func isNull(_ column: Int) -> Bool { result.isNull(index, column) }
}
