/// A uuid as two halves, the first eight bytes in `high`.
package struct PostgresUUID: PostgresEncodable, Hashable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static var postgresOID: UInt32 { PostgresOID.uuid }
    package static var postgresArrayOID: UInt32 { 2951 }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: high)
        bytes.append(bigEndian: low)
    }
}

/// JSON text as a jsonb parameter.
package struct PostgresJSONB: PostgresEncodable, Hashable {
    package var text: String

    package init(_ text: String) { self.text = text }

    package static var postgresOID: UInt32 { PostgresOID.jsonb }
    package static var postgresArrayOID: UInt32 { 3807 }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(1)  // the version of the format
        bytes.append(contentsOf: text.utf8)
    }
}

/// A list as one array parameter: `unnest(\(PostgresArray(ids)))`. One statement text serves every length.
package struct PostgresArray<Element: PostgresEncodable>: PostgresEncodable {
    package var elements: [Element]

    package init(_ elements: [Element]) { self.elements = elements }

    package static var postgresOID: UInt32 { Element.postgresArrayOID }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int32(elements.isEmpty ? 0 : 1))  // dimensions
        let flags = bytes.count
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: Element.postgresOID)
        guard !elements.isEmpty else { return }
        bytes.append(bigEndian: Int32(elements.count))
        bytes.append(bigEndian: Int32(1))  // the first index
        if Element.encode(elements: elements, into: &bytes) { bytes[flags + 3] = 1 }
    }
}
