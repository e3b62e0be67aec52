/// `H`: a value that is spread over jobs but stays the same for one job (Docs/schedules.md §4).
enum HashedField {
    /// A well-mixed 64-bit number of the job and the field.
    static func spread(jobID: String, field: CronField) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func absorb(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
        for byte in jobID.utf8 { absorb(byte) }
        absorb(0)
        for byte in field.rawValue.utf8 { absorb(byte) }
        return mixed(hash)
    }

    /// The one value of `H(first-last)`, or the first one of `H(first-last)/step`.
    static func start(_ range: ClosedRange<Int>, step: Int?, jobID: String, field: CronField) -> Int {
        let choices = min(step ?? range.count, range.count)
        return range.lowerBound + Int(spread(jobID: jobID, field: field) % UInt64(choices))
    }

    // FNV alone leaves neighbouring ids close together in the low bits.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var hash = value
        hash ^= hash >> 30
        hash = hash &* 0xbf58_476d_1ce4_e5b9
        hash ^= hash >> 27
        hash = hash &* 0x94d0_49bb_1331_11eb
        return hash ^ hash >> 31
    }
}
