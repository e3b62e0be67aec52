import CLibPQ

/// How much of an answer is kept; the rest is counted and dropped.
package struct TableLimit: Sendable {
    package var rows: Int
    package var bytes: Int

    package init(rows: Int, bytes: Int) {
        self.rows = rows
        self.bytes = bytes
    }
}

/// What a statement from outside answered, as text.
package struct PostgresTable: Sendable {
    package var columns: [String] = []
    package var rows: [[String?]] = []
    /// Selected, inserted, updated or deleted, those that were dropped too.
    package var rowCount = 0
    package var isCut = false
    /// The command tag: `INSERT 0 1`, …
    package var tag = ""
}

extension Wire {
    /// Sends one statement and reads its answer row by row, so that no more than one row is in memory besides those kept.
    func table(_ query: PostgresQuery, limit: TableLimit, committing: Bool) throws(PostgresError) -> PostgresTable {
        if let defect { throw .connectionLost(defect) }
        var table = PostgresTable()
        var refusal: PostgresError?
        do throws(Lost) {
            try check(query.send(on: connection, name: nil))
            try check(PQpipelineSync(connection))
            countRoundTrip(statements: 1)
            try flush()
            try check(PQsetSingleRowMode(connection))
            var room = limit
            while let result = try next() {
                defer { PQclear(result) }
                switch PQresultStatus(result) {
                case PGRES_SINGLE_TUPLE:
                    table.take(result, &room)
                    finishRow(bytes: PostgresTable.bytes(ofRow: result))
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: table.end(result)
                case PGRES_PIPELINE_ABORTED: break
                case PGRES_FATAL_ERROR:
                    let error = ServerError(result)
                    if error.endsConnection { throw error.lost }
                    refusal = refusal ?? error.refusal(of: nil)
                default: throw Lost(reason: "the statement is a COPY, which cannot be run here")
                }
            }
            try readSync()
        } catch {
            condemn(error.reason)
            if let refusal { throw refusal }
            throw committing && !error.provesRollback ? .commitUnknown(error.reason) : .connectionLost(error.reason)
        }
        if let refusal { throw refusal }
        return table
    }
}

extension PostgresTable {
    /// As it was sent: kind, length, count of columns, and each column behind its own length.
    fileprivate static func bytes(ofRow result: OpaquePointer) -> Int {
        (0..<PQnfields(result)).reduce(7) { $0 + 4 + Int(PQgetlength(result, 0, $1)) }
    }

    fileprivate mutating func take(_ result: OpaquePointer, _ room: inout TableLimit) {
        rowCount += 1
        nameColumns(result)
        guard !isCut, room.rows > 0 else {
            isCut = true
            return
        }
        let bytes = (0..<PQnfields(result)).reduce(0) { $0 + Int(PQgetlength(result, 0, $1)) }
        guard bytes <= room.bytes else {
            isCut = true
            return
        }
        room.rows -= 1
        room.bytes -= bytes
        rows.append(
            (0..<PQnfields(result)).map { column in
                guard PQgetisnull(result, 0, column) == 0, let value = PQgetvalue(result, 0, column) else { return nil }
                let bytes = UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result, 0, column)))
                return String(decoding: bytes, as: UTF8.self)
            })
    }

    fileprivate mutating func end(_ result: OpaquePointer) {
        nameColumns(result)
        tag = String(cString: PQcmdStatus(result))
        // With rows it says how many there are in all.
        rowCount = Int(String(cString: PQcmdTuples(result))) ?? rowCount
    }

    private mutating func nameColumns(_ result: OpaquePointer) {
        guard columns.isEmpty else { return }
        columns = (0..<PQnfields(result)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
    }
}
