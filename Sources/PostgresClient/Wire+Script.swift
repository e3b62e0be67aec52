import CLibPQ

extension Wire {
    /// Runs text of several statements without parameters (a migration) by the simple protocol; all of them are one
    /// transaction unless one is open. Their results are dropped.
    func script(_ text: String) throws(PostgresError) {
        if let defect { throw .connectionLost(defect) }
        var refusal: PostgresError?
        do throws(Lost) {
            // The simple protocol is not allowed in a pipeline.
            try check(PQexitPipelineMode(connection))
            try check(PQsendQuery(connection, text))
            try flush()
            while let result = try next() {
                defer { PQclear(result) }
                switch PQresultStatus(result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: break
                case PGRES_FATAL_ERROR:
                    let error = ServerError(result)
                    if error.endsConnection { throw error.lost }
                    refusal = refusal ?? error.refusal(of: text)
                // libpq would give a COPY's result again and again.
                case let status: throw Lost(reason: "unexpected answer \(status.rawValue) (COPY is not supported)")
                }
            }
            try check(PQenterPipelineMode(connection))
        } catch {
            condemn(error.reason)
            if let refusal { throw refusal }
            throw .connectionLost(error.reason)
        }
        if let refusal { throw refusal }
    }
}
