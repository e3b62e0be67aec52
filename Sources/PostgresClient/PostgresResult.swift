import CLibPQ

/// What a statement answered. Values are decoded from the received bytes when asked for, at (row, column), both from 0.
///
/// `@unchecked Sendable`: a PGresult is never changed after libpq has built it, and libpq allows reading it from any
/// thread.
package final class PostgresResult: @unchecked Sendable {
    private let result: OpaquePointer
    package let rowCount: Int
    package let columnCount: Int
    /// The columns' types: asking libpq for each value would cost as much as the value.
    private let oids: [UInt32]

    /// Takes the PGresult over.
    init(_ result: OpaquePointer) {
        self.result = result
        rowCount = Int(PQntuples(result))
        columnCount = Int(PQnfields(result))
        oids = (0..<PQnfields(result)).map { PQftype(result, $0) }
    }

    deinit { PQclear(result) }

    /// Rows inserted, updated, deleted or selected.
    package var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The command tag: `INSERT 0 1`, `COMMIT`, …
    package var tag: String { String(cString: PQcmdStatus(result)) }

    package var rows: some RandomAccessCollection<PostgresRow> {
        (0..<rowCount).lazy.map { PostgresRow(result: self, index: $0) }
    }

    package func name(of column: Int) -> String {
        PQfname(result, Int32(column)).map { String(cString: $0) } ?? "\(column)"
    }

    /// The type of a column, 0 if there is none.
    package func type(of column: Int) -> UInt32 { oids.indices.contains(column) ? oids[column] : 0 }

    package func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(result, Int32(row), Int32(column)) == 1 }

    /// The bytes of a value, nil if it is NULL. Valid as long as this object.
    @inline(__always)
    func raw(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
        guard row >= 0, row < rowCount, column >= 0, column < columnCount else { return nil }
        let (row, column) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
        let length = PQgetlength(result, row, column)
        // A NULL has length 0: only then is it worth asking.
        if length == 0, PQgetisnull(result, row, column) == 1 { return nil }
        return UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(length))
    }

    func mismatch(_ row: Int, _ column: Int, _ expected: UInt32) -> PostgresError {
        let null = row < 0 || row >= rowCount || column < 0 || column >= columnCount || isNull(row, column)
        return .decoding(
            column: column >= 0 && column < columnCount ? name(of: column) : "\(column)", expectedOID: expected,
            foundOID: null ? 0 : type(of: column))
    }
}
