import CLibPQ

extension PostgresQuery {
    /// Queues the statement, by its name if it has one. 1 if it could be queued.
    func send(on connection: OpaquePointer, name: String?) -> Int32 {
        let count = Int32(oids.count)
        var lengths: [Int32] = []
        lengths.reserveCapacity(oids.count)
        var start = 0
        for end in ends {
            lengths.append(Int32(truncatingIfNeeded: (end & Int.max) - start))
            start = end & Int.max
        }
        let format: Int32 = isPlain ? 0 : 1
        let formats = [Int32](repeating: format, count: oids.count)
        // An empty value must have an address too: libpq takes a missing one for NULL.
        return withUnsafeBytes(of: UInt8(0)) { empty in
            bytes.withUnsafeBytes { all in
                var values: [UnsafePointer<CChar>?] = []
                values.reserveCapacity(oids.count)
                var start = 0
                for end in ends {
                    let base = all.baseAddress.map { $0 + start } ?? empty.baseAddress
                    values.append(end < 0 ? nil : base?.assumingMemoryBound(to: CChar.self))
                    start = end & Int.max
                }
                if let name {
                    return PQsendQueryPrepared(connection, name, count, values, lengths, formats, format)
                }
                return PQsendQueryParams(connection, text, count, oids, values, lengths, formats, format)
            }
        }
    }
}
