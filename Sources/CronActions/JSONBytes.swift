import CronModel

/// JSON as a receiver gets it and a signature covers it.
enum JSONBytes {
    static func encode(_ value: JSONValue) -> [UInt8] { JSONWriter.bytes(value) }
    static func text(_ value: JSONValue) -> String { JSONWriter.text(value) }
}
