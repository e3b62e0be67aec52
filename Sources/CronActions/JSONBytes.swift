import CronModel
import Foundation

/// JSON as it is sent: keys sorted, so that equal payloads are equal bytes.
enum JSONBytes {
    static func encode(_ value: JSONValue) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { Array($0) } ?? Array("null".utf8)
    }

    static func text(_ value: JSONValue) -> String { String(decoding: encode(value), as: UTF8.self) }
}
