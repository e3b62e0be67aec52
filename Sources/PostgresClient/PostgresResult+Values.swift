/// The values of a result by place. A NULL is an error except for `…OrNil`; a value of another type, and a place that is
/// not there, always are.
extension PostgresResult {
    /// int8, int4 or int2.
    package func int(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 { try value(row, column) }
    package func intOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Int64? { try valueOrNil(row, column) }
    package func int16(_ row: Int, _ column: Int) throws(PostgresError) -> Int16 { try value(row, column) }
    package func int16OrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Int16? { try valueOrNil(row, column) }
    package func bool(_ row: Int, _ column: Int) throws(PostgresError) -> Bool { try value(row, column) }
    package func boolOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Bool? { try valueOrNil(row, column) }
    /// float8 or float4.
    package func double(_ row: Int, _ column: Int) throws(PostgresError) -> Double { try value(row, column) }
    package func doubleOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> Double? { try valueOrNil(row, column) }
    /// text, varchar, char, name, json or jsonb.
    package func text(_ row: Int, _ column: Int) throws(PostgresError) -> String { try value(row, column) }
    package func textOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> String? { try valueOrNil(row, column) }
    /// bytea.
    package func bytes(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8] { try value(row, column) }
    package func bytesOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> [UInt8]? { try valueOrNil(row, column) }
    package func uuid(_ row: Int, _ column: Int) throws(PostgresError) -> PostgresUUID { try value(row, column) }
    package func uuidOrNil(_ row: Int, _ column: Int) throws(PostgresError) -> PostgresUUID? {
        try valueOrNil(row, column)
    }

    // Inlined into each of the above, so that every type has machine code of its own.

    @inline(__always)
    private func value<Value: PostgresDecodable>(_ row: Int, _ column: Int) throws(PostgresError) -> Value {
        guard let value: Value = try valueOrNil(row, column) else { throw mismatch(row, column, Value.postgresOID) }
        return value
    }

    @inline(__always)
    private func valueOrNil<Value: PostgresDecodable>(_ row: Int, _ column: Int) throws(PostgresError) -> Value? {
        guard let bytes = raw(row, column) else {
            guard row >= 0, row < rowCount, column >= 0, column < columnCount else {
                throw mismatch(row, column, Value.postgresOID)
            }
            return nil
        }
        guard let value = Value.decode(bytes, of: type(of: column)) else {
            throw mismatch(row, column, Value.postgresOID)
        }
        return value
    }
}

private protocol PostgresDecodable: PostgresEncodable {
    /// Nil for a type that is not this one, or bytes that are none of it.
    static func decode(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Self?
}

extension Int64: PostgresDecodable {
    @inline(__always)
    fileprivate static func decode(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Int64? {
        switch (type, bytes.count) {
        case (PostgresOID.int8, 8): bytes.bigEndian()
        case (PostgresOID.int4, 4): Int64(bytes.bigEndian() as Int32)
        case (PostgresOID.int2, 2): Int64(bytes.bigEndian() as Int16)
        default: nil
        }
    }
}

extension Int16: PostgresDecodable {
    @inline(__always)
    fileprivate static func decode(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Int16? {
        type == PostgresOID.int2 && bytes.count == 2 ? bytes.bigEndian() : nil
    }
}

extension Bool: PostgresDecodable {
    @inline(__always)
    fileprivate static func decode(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Bool? {
        type == PostgresOID.bool && bytes.count == 1 ? bytes[0] != 0 : nil
    }
}

extension Double: PostgresDecodable {
    @inline(__always)
    fileprivate static func decode(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> Double? {
        switch (type, bytes.count) {
        case (PostgresOID.float8, 8): Double(bitPattern: bytes.bigEndian())
        case (PostgresOID.float4, 4): Double(Float(bitPattern: bytes.bigEndian()))
        default: nil
        }
    }
}

extension String: PostgresDecodable {
    @inline(__always)
    fileprivate static func decode(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> String? {
        switch type {
        case PostgresOID.text, PostgresOID.varchar, PostgresOID.bpchar, PostgresOID.name, PostgresOID.json,
            PostgresOID.unknown:
            String(decoding: bytes, as: UTF8.self)
        case PostgresOID.jsonb where bytes.first == 1: String(decoding: bytes.dropFirst(), as: UTF8.self)
        default: nil
        }
    }
}

extension [UInt8]: PostgresDecodable {
    @inline(__always)
    fileprivate static func decode(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> [UInt8]? {
        type == PostgresOID.bytea ? [UInt8](bytes) : nil
    }
}

extension PostgresUUID: PostgresDecodable {
    @inline(__always)
    fileprivate static func decode(_ bytes: UnsafeRawBufferPointer, of type: UInt32) -> PostgresUUID? {
        guard type == PostgresOID.uuid, bytes.count == 16 else { return nil }
        return PostgresUUID(high: bytes.bigEndian(), low: bytes.bigEndian(at: 8))
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int = 0) -> Value {
        Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}
