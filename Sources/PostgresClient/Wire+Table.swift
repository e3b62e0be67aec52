import CLibPQ
import Glibc

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
    /// Of one row so much is taken in. libpq keeps a row whole, so that a server could fill the memory with one.
    static let longestRowBytes = 16 * 1_024 * 1_024

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
            while let result = try nextRow() {
                defer { PQclear(result) }
                switch PQresultStatus(result) {
                case PGRES_SINGLE_TUPLE: table.take(result, &room)
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

    private func nextRow() throws(Lost) -> OpaquePointer? {
        deadline.start(milliseconds: answerTimeout)
        var before: UInt64?
        while PQisBusy(connection) == 1 {
            let received = Self.received(PQsocket(connection))
            let start = before ?? received
            before = start
            guard received - start <= UInt64(Self.longestRowBytes) else {
                throw Lost(reason: "a row is longer than \(Self.longestRowBytes) bytes")
            }
            try wait(for: .read)
            try check(PQconsumeInput(connection))
        }
        return PQgetResult(connection)
    }

    /// Bytes that came on a TCP socket so far: `tcpi_bytes_received` of Linux's `struct tcp_info`, which the C library's
    /// own header ends before.
    private static func received(_ socket: Int32) -> UInt64 {
        let offset = 128
        return withUnsafeTemporaryAllocation(byteCount: offset + 8, alignment: 8) { info in
            info.initializeMemory(as: UInt8.self, repeating: 0)
            var length = socklen_t(info.count)
            guard getsockopt(socket, Int32(IPPROTO_TCP), TCP_INFO, info.baseAddress, &length) == 0,
                length >= info.count
            else { return 0 }
            return info.load(fromByteOffset: offset, as: UInt64.self)
        }
    }
}

extension PostgresTable {
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
