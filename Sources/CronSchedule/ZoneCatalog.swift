import Synchronization

/// The time zones of this machine: IANA ids matched exactly, from the system's zone files.
public enum ZoneCatalog {
    /// Longest zone id accepted, in bytes.
    public static let maxIDBytes = 64

    /// The tzdata release in use, such as `2025b`; nil when the system does not say.
    public static let version: String? = {
        if let file = ZoneDirectory.read("+VERSION", limit: 64) { return firstWord(file[...]) }
        // tzdata.zi begins with a line such as "# version 2025b".
        guard let start = ZoneDirectory.read("tzdata.zi", limit: 64) else { return nil }
        let mark = Array("# version ".utf8)
        return start.starts(with: mark) ? firstWord(start[mark.count...]) : nil
    }()

    /// All zone ids of this machine, sorted. `UTC` is there even without zone files.
    public static let identifiers: [String] = {
        let names = ZoneDirectory.zoneNames()
        return names.contains(TimeZoneRules.utc.id) ? names : (names + [TimeZoneRules.utc.id]).sorted()
    }()

    /// Whether a schedule may use this id: exact spelling, no path tricks, and a readable zone file.
    public static func exists(_ id: String) -> Bool { rules(for: id) != nil }

    /// The clock reading in a zone at an instant.
    /// - Throws: `ScheduleError` of kind `.zone` for an id that does not exist.
    public static func localTime(of instant: Instant, in zone: String) throws(ScheduleError) -> LocalTime {
        LocalTime(instant, in: try knownRules(for: zone, column: nil))
    }

    // Only zones that exist are kept, so their number bounds the table.
    private static let loaded = Mutex<[String: TimeZoneRules]>([:])

    static func rules(for id: String) -> TimeZoneRules? {
        if id == TimeZoneRules.utc.id { return .utc }
        guard isWellFormed(id) else { return nil }
        if let known = loaded.withLock({ $0[id] }) { return known }
        guard let bytes = ZoneDirectory.read(id, limit: ZoneFile.maxBytes), let rules = ZoneFile.decode(bytes, id: id)
        else { return nil }
        return loaded.withLock { table in
            if let known = table[id] { return known }
            table[id] = rules
            return rules
        }
    }

    static func knownRules(for id: String, column: Int?) throws(ScheduleError) -> TimeZoneRules {
        if let rules = rules(for: id) { return rules }
        guard !id.isEmpty else {
            throw ScheduleError(
                .zone, "the time zone is empty", column: column, hint: "use an IANA id such as Europe/Berlin")
        }
        throw ScheduleError(
            .zone, "unknown time zone \(ScheduleError.quoted(id.utf8))", column: column, hint: suggestion(for: id))
    }

    /// Letters, digits, `+`, `-`, `_` in parts joined by `/`; so no absolute path, no `..`, no hidden file.
    static func isWellFormed(_ id: String) -> Bool {
        guard (1...maxIDBytes).contains(id.utf8.count) else { return false }
        // Copies with leap seconds, aliases of the system's own choice, and a placeholder are no IANA zones.
        let notZones = ["posix", "right", "localtime", "posixrules", "Factory"]
        let parts = id.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, !notZones.contains(String(first)) else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                    default: false
                    }
                }
        }
    }

    private static func suggestion(for id: String) -> String {
        guard id.utf8.count <= maxIDBytes else { return "use an IANA id such as Europe/Berlin" }
        let lower = id.lowercased()
        let sameLetters = identifiers.first { $0.lowercased() == lower }
        return sameLetters.map { "did you mean \"\($0)\"?" } ?? "use an IANA id such as Europe/Berlin"
    }

    private static func firstWord(_ bytes: ArraySlice<UInt8>) -> String? {
        let word = bytes.prefix { $0 > 0x20 && $0 < 0x7f }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}
