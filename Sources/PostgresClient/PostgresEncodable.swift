/// A value that travels as a parameter in PostgreSQL's binary format.
package protocol PostgresEncodable: Sendable {
    static var postgresOID: UInt32 { get }
    /// The type of an array of these; 0 lets the server infer it.
    static var postgresArrayOID: UInt32 { get }
    var isNull: Bool { get }
    /// Appends the bytes without their length. Not called when `isNull`.
    func encode(into bytes: inout [UInt8])

    // Elements of an array, each with its length; true if one is NULL. Requirements only so that each type has machine
    // code of its own: called through PostgresArray, which is generic in another module, a value took 190 ns instead of 25.
    static func encode(elements: [Self], into bytes: inout [UInt8]) -> Bool
    static func encode(optionals: [Self?], into bytes: inout [UInt8]) -> Bool
}

extension PostgresEncodable {
    package static var postgresArrayOID: UInt32 { 0 }
    package var isNull: Bool { false }

    package static func encode(elements: [Self], into bytes: inout [UInt8]) -> Bool {
        for element in elements { element.encodeWithLength(into: &bytes) }
        return false
    }

    package static func encode(optionals: [Self?], into bytes: inout [UInt8]) -> Bool {
        var hasNull = false
        for element in optionals {
            if let element, !element.isNull {
                element.encodeWithLength(into: &bytes)
            } else {
                hasNull = true
                bytes.append(bigEndian: Int32(-1))
            }
        }
        return hasNull
    }

    private func encodeWithLength(into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(bigEndian: Int32(0))
        encode(into: &bytes)
        let length = Int32(truncatingIfNeeded: bytes.count - start - 4).bigEndian
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: length, toByteOffset: start, as: Int32.self) }
    }
}

/// The object identifiers of PostgreSQL's built-in types (pg_type.dat), the same in every database.
package enum PostgresOID {
    package static let bool: UInt32 = 16
    package static let bytea: UInt32 = 17
    package static let name: UInt32 = 19
    package static let int8: UInt32 = 20
    package static let int2: UInt32 = 21
    package static let int4: UInt32 = 23
    package static let text: UInt32 = 25
    package static let json: UInt32 = 114
    package static let float4: UInt32 = 700
    package static let float8: UInt32 = 701
    package static let unknown: UInt32 = 705
    package static let bpchar: UInt32 = 1042
    package static let varchar: UInt32 = 1043
    package static let timestamptz: UInt32 = 1184
    package static let uuid: UInt32 = 2950
    package static let jsonb: UInt32 = 3802
}

extension [UInt8] {
    /// Appends in network order.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension Int64: PostgresEncodable {
    package static var postgresOID: UInt32 { PostgresOID.int8 }
    package static var postgresArrayOID: UInt32 { 1016 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
}

extension Int: PostgresEncodable {
    package static var postgresOID: UInt32 { PostgresOID.int8 }
    package static var postgresArrayOID: UInt32 { 1016 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: Int64(self)) }
}

extension Int32: PostgresEncodable {
    package static var postgresOID: UInt32 { PostgresOID.int4 }
    package static var postgresArrayOID: UInt32 { 1007 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
}

extension Int16: PostgresEncodable {
    package static var postgresOID: UInt32 { PostgresOID.int2 }
    package static var postgresArrayOID: UInt32 { 1005 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
}

extension Bool: PostgresEncodable {
    package static var postgresOID: UInt32 { PostgresOID.bool }
    package static var postgresArrayOID: UInt32 { 1000 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
}

extension Double: PostgresEncodable {
    package static var postgresOID: UInt32 { PostgresOID.float8 }
    package static var postgresArrayOID: UInt32 { 1022 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(bigEndian: bitPattern) }
}

extension String: PostgresEncodable {
    package static var postgresOID: UInt32 { PostgresOID.text }
    package static var postgresArrayOID: UInt32 { 1009 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension [UInt8]: PostgresEncodable {
    package static var postgresOID: UInt32 { PostgresOID.bytea }
    package static var postgresArrayOID: UInt32 { 1001 }
    package func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresOID: UInt32 { Wrapped.postgresOID }
    package static var postgresArrayOID: UInt32 { Wrapped.postgresArrayOID }
    // Not `map(\.isNull)`: a key path in a generic context is built anew at each call, a third of a batch's time.
    package var isNull: Bool {
        switch self {
        case .none: true
        case .some(let value): value.isNull
        }
    }
    package func encode(into bytes: inout [UInt8]) { self?.encode(into: &bytes) }

    package static func encode(elements: [Self], into bytes: inout [UInt8]) -> Bool {
        Wrapped.encode(optionals: elements, into: &bytes)
    }
}
