extension PostgresResult {
    /// int8, int4 or int2.
    package func int(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
        guard let value = try intOrNil(row, column) else { throw mismatch(row, column, PostgresOID.int8) }
        return value
    }

    package func intOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? {
        guard let bytes = try present(row, column, PostgresOID.int8) else { return nil }
        switch (type(of: column), bytes.count) {
        case (PostgresOID.int8, 8): return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        case (PostgresOID.int4, 4): return Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
        case (PostgresOID.int2, 2): return Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
        default: throw mismatch(row, column, PostgresOID.int8)
        }
    }

    package func int16(_ row: Int, _ column: Int) throws(PostgresError) -> Int16 {
        guard let value = try int16OrNil(row, column) else { throw mismatch(row, column, PostgresOID.int2) }
        return value
    }

    package func int16OrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Int16? {
        guard let bytes = try present(row, column, PostgresOID.int2) else { return nil }
        guard type(of: column) == PostgresOID.int2, bytes.count == 2 else {
            throw mismatch(row, column, PostgresOID.int2)
        }
        return Int16(bigEndian: bytes.loadUnaligned(as: Int16.self))
    }

    package func bool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool {
        guard let value = try boolOrNil(row, column) else { throw mismatch(row, column, PostgresOID.bool) }
        return value
    }

    package func boolOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Bool? {
        guard let bytes = try present(row, column, PostgresOID.bool) else { return nil }
        guard type(of: column) == PostgresOID.bool, bytes.count == 1 else {
            throw mismatch(row, column, PostgresOID.bool)
        }
        return bytes[0] != 0
    }

    /// float8 or float4.
    package func double(_ row: Int, _ column: Int) throws(PostgresError) -> Double {
        guard let value = try doubleOrNil(row, column) else { throw mismatch(row, column, PostgresOID.float8) }
        return value
    }

    package func doubleOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Double? {
        guard let bytes = try present(row, column, PostgresOID.float8) else { return nil }
        switch (type(of: column), bytes.count) {
        case (PostgresOID.float8, 8):
            return Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
        case (PostgresOID.float4, 4):
            return Double(Float(bitPattern: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))))
        default: throw mismatch(row, column, PostgresOID.float8)
        }
    }

    /// text, varchar, char, name, json or jsonb.
    package func text(_ row: Int, _ column: Int) throws(PostgresError) -> String {
        guard let value = try textOrNil(row, column) else { throw mismatch(row, column, PostgresOID.text) }
        return value
    }

    package func textOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> String? {
        guard let bytes = try present(row, column, PostgresOID.text) else { return nil }
        switch type(of: column) {
        case PostgresOID.text, PostgresOID.varchar, PostgresOID.bpchar, PostgresOID.name, PostgresOID.json,
            PostgresOID.unknown:
            return String(decoding: bytes, as: UTF8.self)
        case PostgresOID.jsonb where bytes.first == 1:
            return String(decoding: bytes.dropFirst(), as: UTF8.self)
        default: throw mismatch(row, column, PostgresOID.text)
        }
    }

    /// bytea.
    package func bytes(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8] {
        guard let value = try bytesOrNil(row, column) else { throw mismatch(row, column, PostgresOID.bytea) }
        return value
    }

    package func bytesOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8]? {
        guard let bytes = try present(row, column, PostgresOID.bytea) else { return nil }
        guard type(of: column) == PostgresOID.bytea else { throw mismatch(row, column, PostgresOID.bytea) }
        return [UInt8](bytes)
    }

    package func uuid(_ row: Int, _ column: Int) throws(PostgresError) -> PostgresUUID {
        guard let value = try uuidOrNil(row, column) else { throw mismatch(row, column, PostgresOID.uuid) }
        return value
    }

    package func uuidOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> PostgresUUID? {
        guard let bytes = try present(row, column, PostgresOID.uuid) else { return nil }
        guard type(of: column) == PostgresOID.uuid, bytes.count == 16 else {
            throw mismatch(row, column, PostgresOID.uuid)
        }
        return PostgresUUID(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    /// The bytes of a value, nil for NULL; a place that is not there is an error even where NULL would not be.
    @inline(__always)
    private func present(
        _ row: Int, _ column: Int, _ expected: UInt32
    ) throws(PostgresError) -> UnsafeRawBufferPointer? {
        if let bytes = raw(row, column) { return bytes }
        guard row >= 0, row < rowCount, column >= 0, column < columnCount else {
            throw mismatch(row, column, expected)
        }
        return nil
    }
}
