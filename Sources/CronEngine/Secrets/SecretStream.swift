/// Takes secrets out of bytes that come in parts, as `SecretMark` takes them out of a whole: also one that is cut between
/// two of them. The end of what has come is held back for as long as it may be the beginning of something: of a secret, an
/// escape or a character.
struct SecretStream: Sendable {
    /// Bytes shown already that are looked at again with those after them: in them ends what may go on.
    private static let contextBytes = 4_096

    private let needles: SecretNeedles
    private var context: [UInt8] = []
    private var held: [UInt8] = []
    /// What was shown has ended in a mark.
    private var isInside = false
    private var followsGap = false

    init(_ needles: SecretNeedles) {
        self.needles = needles
    }

    var heldCount: Int { held.count }

    /// What may be shown now.
    struct Shown {
        /// With marks; may hold what is no UTF-8.
        var bytes: [UInt8]
        /// Bytes after a gap that are left out too.
        var skipped: Int
        /// For how many bytes of what was written `bytes` stand.
        var count: Int
    }

    /// - Parameter isLast: nothing will come that could say more of the end.
    mutating func append(_ bytes: [UInt8], isLast: Bool) -> Shown {
        held += bytes
        let skipped = followsGap && !held.isEmpty ? openBeginning() : 0
        if !held.isEmpty { followsGap = false }
        held.removeFirst(skipped)
        let original = context + held
        let readings = needles.isEmpty ? [] : needles.readings(of: original)
        let covered = SecretMark.covered(in: original, by: readings)
        let end = isLast ? original.count : max(context.count, openEnd(of: original, covered, readings))
        let shown = SecretMark.marked(original[context.count..<end], covered[context.count..<end], &isInside)
        let count = end - context.count
        held.removeFirst(count)
        if !needles.isEmpty { keepContext(original[..<end]) }
        return Shown(bytes: shown, skipped: skipped, count: count)
    }

    /// Some bytes are left out here. Those held back are too, for what they belong to is gone.
    mutating func skip() {
        held = []
        context = []
        isInside = false
        followsGap = true
    }

    private func openEnd(of original: [UInt8], _ covered: [Bool], _ readings: [SecretReadings]) -> Int {
        var end = readings.flatMap { reading in reading.texts.compactMap { $0.openEnd(reading.needles) } }.min()
        // What is hidden already says nothing.
        while let open = end, open < original.count, covered[open] { end = open + 1 }
        return Self.wholeCharacters(original, upTo: end ?? original.count)
    }

    /// Also what is left of a character.
    private func openBeginning() -> Int {
        let characters = held.prefix(3).prefix { $0 & 0b1100_0000 == 0b1000_0000 }.count
        let open =
            needles.isEmpty
            ? []
            : needles.readings(of: held).flatMap { reading in reading.texts.map { $0.openBeginning(reading.needles) } }
        return max(characters, open.max() ?? 0)
    }

    /// The end at or before that one that cuts no character.
    private static func wholeCharacters(_ bytes: [UInt8], upTo end: Int) -> Int {
        var start = end
        while start > 0, end - start < 4 {
            start -= 1
            let byte = bytes[start]
            if byte & 0b1000_0000 == 0 { return end }
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            guard (0xC2...0xF4).contains(byte) else { return end }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
            return end - start < length ? start : end
        }
        return end
    }

    /// Not from within an escape, which would read otherwise there.
    private mutating func keepContext(_ shown: ArraySlice<UInt8>) {
        var kept = shown.suffix(Self.contextBytes)
        while kept.startIndex > shown.startIndex, let first = kept.first,
            first == UInt8(ascii: "\\")
                || shown[kept.startIndex - 1] == UInt8(ascii: "\\")
        {
            kept = kept.dropFirst()
        }
        context = Array(kept)
    }
}
