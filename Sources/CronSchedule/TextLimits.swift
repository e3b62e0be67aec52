/// What any text must satisfy before it is looked at (Docs/schedules.md §1).
enum TextLimits {
    static func tooLong(_ bytes: Int) -> ScheduleError {
        ScheduleError(.tooLong, "the text has \(bytes) bytes, more than the limit of \(Schedule.maxTextBytes)")
    }

    /// Printable ASCII, blanks and tabs only.
    static func check(_ text: [UInt8]) throws(ScheduleError) {
        guard text.count <= Schedule.maxTextBytes else { throw tooLong(text.count) }
        for (index, byte) in text.enumerated() where byte != UInt8(ascii: "\t") {
            guard !(0x20..<0x7f).contains(byte) else { continue }
            let what: String
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): what = "a line break is not allowed"
            case 0x80...: what = "a non-ASCII character is not allowed"
            default: what = "a control character is not allowed"
            }
            throw ScheduleError(.syntax, what, column: index + 1, hint: "use plain spaces and ASCII")
        }
    }
}
