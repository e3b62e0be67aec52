/// Sets of field values as bits.
enum ValueSet {
    /// The values of one plain item; bit n stands for value n.
    static func bits(of item: FieldItem, in field: CronField) -> UInt64 {
        var bits: UInt64 = 0
        for value in values(of: item, in: field) { bits |= 1 << UInt64(value) }
        return bits
    }

    static func bits(of syntax: FieldSyntax, in field: CronField) -> UInt64 {
        syntax.items.reduce(0) { $0 | bits(of: $1, in: field) }
    }

    /// The values of one plain item, wrapped back into the field's range; none for the day rules.
    static func values(of item: FieldItem, in field: CronField) -> [Int] {
        let range = field.range
        switch item {
        case .all(let step): return Array(stride(from: range.lowerBound, through: range.upperBound, by: step))
        case .value(let value): return [value]
        case .from(let first, let step): return Array(stride(from: first, through: range.upperBound, by: step))
        case .range(let first, let last, let step): return stride(from: first, through: last, by: step).map(wrapped)
        case .hashed(let first, let last, let step, _):
            return stride(from: first, through: last, by: step ?? 1).map(wrapped)
        case .lastDay, .weekdayNearest, .weekdayNearestLast, .nthWeekday, .lastWeekday: return []
        }
        func wrapped(_ value: Int) -> Int { (value - range.lowerBound) % range.count + range.lowerBound }
    }

    /// The lowest set bit at or above `bit`; nil when there is none.
    @inline(__always)
    static func first(_ bits: UInt64, atOrAbove bit: Int) -> Int? {
        let rest = bits & (~0 << UInt64(bit))
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    /// The highest set bit at or below `bit`; nil when there is none.
    @inline(__always)
    static func last(_ bits: UInt64, atOrBelow bit: Int) -> Int? {
        guard bit >= 0 else { return nil }
        let rest = bits & (~0 >> UInt64(63 - bit))
        return rest == 0 ? nil : 63 - rest.leadingZeroBitCount
    }
}

/// The years of `CivilTime.years` as bits.
struct YearSet: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ syntax: FieldSyntax) {
        for item in syntax.items {
            for year in ValueSet.values(of: item, in: .year) { insert(year) }
        }
    }

    private mutating func insert(_ year: Int) {
        let bit = year - CivilTime.years.lowerBound
        let mask: UInt64 = 1 << UInt64(bit & 63)
        switch bit >> 6 {
        case 0: words.0 |= mask
        case 1: words.1 |= mask
        case 2: words.2 |= mask
        default: words.3 |= mask
        }
    }

    private func word(_ index: Int) -> UInt64 {
        switch index {
        case 0: words.0
        case 1: words.1
        case 2: words.2
        default: words.3
        }
    }

    func contains(_ year: Int) -> Bool {
        let bit = year - CivilTime.years.lowerBound
        return CivilTime.years.contains(year) && word(bit >> 6) >> UInt64(bit & 63) & 1 == 1
    }

    /// The first year of the set at or after `year`.
    func first(atOrAfter year: Int) -> Int? {
        var candidate = max(year, CivilTime.years.lowerBound)
        while candidate <= CivilTime.years.upperBound {
            let bit = candidate - CivilTime.years.lowerBound
            if let found = ValueSet.first(word(bit >> 6), atOrAbove: bit & 63) {
                return CivilTime.years.lowerBound + (bit & ~63) + found
            }
            candidate = CivilTime.years.lowerBound + (bit | 63) + 1
        }
        return nil
    }

    /// The last year of the set at or before `year`.
    func last(atOrBefore year: Int) -> Int? {
        var candidate = min(year, CivilTime.years.upperBound)
        while candidate >= CivilTime.years.lowerBound {
            let bit = candidate - CivilTime.years.lowerBound
            if let found = ValueSet.last(word(bit >> 6), atOrBelow: bit & 63) {
                return CivilTime.years.lowerBound + (bit & ~63) + found
            }
            candidate = CivilTime.years.lowerBound + (bit & ~63) - 1
        }
        return nil
    }

}
