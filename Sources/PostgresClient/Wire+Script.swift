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
                guard PQresultStatus(result) == PGRES_FATAL_ERROR else { continue }
                let error = ServerError(result)
                if error.endsConnection { throw error.lost }
                refusal = refusal ?? error.refusal(of: text)
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
