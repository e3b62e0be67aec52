import CronModel
import CronSchedule

/// A cursor as clients carry it: opaque to them. An instant and an id, as in most lists, are 24 bytes; a list that is
/// sorted by something else says so in a byte before them and puts a name behind.
extension PageCursor {
    private static let plainBytes = 24
    static let plainLength = 32
    /// Base64 of the byte, the 24 and the longest name.
    static let longestLength = ((1 + plainBytes + JobLimit.nameBytes) * 4 + 2) / 3

    var text: String {
        let words = [UInt64(bitPattern: at.microseconds), high, low]
        let plain = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } }
        guard sort != .createdAt, let index = JobSort.allCases.firstIndex(of: sort) else {
            return Base64.url.text(plain)
        }
        return Base64.url.text([UInt8(index)] + plain + Array(name.utf8))
    }

    init?(text: String) {
        guard (Self.plainLength...Self.longestLength).contains(text.utf8.count), var rest = Base64.url.bytes(text)?[...]
        else { return nil }
        var sort = JobSort.createdAt
        if rest.count > Self.plainBytes, let index = rest.popFirst() {
            guard index > 0, JobSort.allCases.indices.contains(Int(index)) else { return nil }
            sort = JobSort.allCases[Int(index)]
        }
        guard rest.count == Self.plainBytes || sort == .name,
            let name = String(validating: rest.dropFirst(Self.plainBytes), as: UTF8.self)
        else { return nil }
        func word(_ index: Int) -> UInt64 {
            rest.dropFirst(index * 8).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        self.init(at: .init(microseconds: Int64(bitPattern: word(0))), id: (high: word(1), low: word(2)))
        self.sort = sort
        self.name = name
    }
}
