/// Decodes a compiled zone file: TZif version 2 and later, with its POSIX footer (RFC 9636).
enum ZoneFile {
    /// Largest zone file read, in bytes; real ones stay below 4 KB.
    static let maxBytes = 262_144
    private static let headerBytes = 44
    static let magic: [UInt8] = Array("TZif".utf8)

    /// Nil for anything that is not a well-formed zone file without leap seconds.
    static func decode(_ bytes: [UInt8], id: String) -> TimeZoneRules? {
        guard let first = Header(bytes, at: 0), first.version >= UInt8(ascii: "2") else { return nil }
        let second = first.end(wordBytes: 4)
        guard let header = Header(bytes, at: second), header.leapCount == 0 else { return nil }
        let end = header.end(wordBytes: 8)
        guard end <= bytes.count, header.typeCount > 0 else { return nil }
        guard let locals = locals(bytes, header) else { return nil }
        guard let transitions = transitions(bytes, header, locals) else { return nil }
        guard let footer = footer(bytes, from: end) else { return nil }
        if footer.isEmpty { return TimeZoneRules(id: id, first: locals[0], transitions: transitions, tail: nil) }
        guard let rule = PosixZoneRuleReader.read(footer) else { return nil }
        return TimeZoneRules(id: id, first: locals[0], transitions: transitions, tail: rule)
    }

    private struct Header {
        let start: Int
        let version: UInt8
        let utCount, standardCount, leapCount, timeCount, typeCount, charCount: Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard start >= 0, start + headerBytes <= bytes.count, bytes[start..<(start + 4)].elementsEqual(magic) else {
                return nil
            }
            var counts: [Int] = []
            for index in 0..<6 {
                guard let count = signed(bytes, at: start + 20 + 4 * index, bytes: 4), (0...maxBytes).contains(count)
                else {
                    return nil
                }
                counts.append(count)
            }
            self.start = start
            version = bytes[start + 4]
            (utCount, standardCount, leapCount) = (counts[0], counts[1], counts[2])
            (timeCount, typeCount, charCount) = (counts[3], counts[4], counts[5])
        }

        func end(wordBytes: Int) -> Int {
            start + headerBytes + timeCount * (wordBytes + 1) + typeCount * 6 + charCount + leapCount * (wordBytes + 4)
                + standardCount + utCount
        }
    }

    private static func signed(_ bytes: [UInt8], at start: Int, bytes width: Int) -> Int? {
        guard start >= 0, start + width <= bytes.count else { return nil }
        let value = bytes[start..<(start + width)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return width == 4 ? Int(Int32(truncatingIfNeeded: value)) : Int(Int64(bitPattern: value))
    }

    private static func locals(_ bytes: [UInt8], _ header: Header) -> [PosixZoneRule.Local]? {
        let start = header.start + headerBytes + header.timeCount * 9
        let names = start + header.typeCount * 6
        var locals: [PosixZoneRule.Local] = []
        for index in 0..<header.typeCount {
            guard let offset = signed(bytes, at: start + 6 * index, bytes: 4), abs(offset) <= TimeZoneRules.maxOffset
            else { return nil }
            let nameStart = Int(bytes[start + 6 * index + 5])
            guard nameStart < header.charCount else { return nil }
            let name = bytes[(names + nameStart)..<(names + header.charCount)].prefix { $0 != 0 }
            locals.append(.init(offset: offset, abbreviation: String(decoding: name, as: UTF8.self)))
        }
        return locals
    }

    private static func transitions(
        _ bytes: [UInt8], _ header: Header, _ locals: [PosixZoneRule.Local]
    ) -> [TimeZoneRules.Transition]? {
        let times = header.start + headerBytes
        let types = times + header.timeCount * 8
        var transitions: [TimeZoneRules.Transition] = []
        for index in 0..<header.timeCount {
            let type = Int(bytes[types + index])
            guard let at = signed(bytes, at: times + 8 * index, bytes: 8), locals.indices.contains(type) else {
                return nil
            }
            // Some compilers write a first entry at the beginning of time; it says what `first` says.
            guard at > -TimeZoneRules.endOfTime, at < TimeZoneRules.endOfTime else { continue }
            if let last = transitions.last, at <= last.at { return nil }
            transitions.append(.init(at: at, local: locals[type]))
        }
        return transitions
    }

    /// The text between the two newlines at the end; empty when the file promises nothing for the future.
    private static func footer(_ bytes: [UInt8], from start: Int) -> String? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\n") else { return nil }
        let text = bytes[(start + 1)...].prefix { $0 != UInt8(ascii: "\n") }
        return String(decoding: text, as: UTF8.self)
    }
}
