import CronSchedule
import Foundation

/// What commands print: answers to standard output, everything else to standard error.
enum Output {
    static func line(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
    static func error(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// One line, keys sorted so that equal answers are equal bytes.
    static func json(_ value: [String: Any]) -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: value, options: options) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    static func object(_ error: ScheduleError) -> [String: Any] {
        ["message": error.message, "field": error.field ?? NSNull(), "column": error.column ?? NSNull()]
    }
}
