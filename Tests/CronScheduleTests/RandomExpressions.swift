/// Valid expressions of every shape, and broken ones made from them.
struct RandomExpressions {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func plain(_ range: ClosedRange<Int>, wraps: Bool) -> String {
        switch number(0...6) {
        case 0, 1: return "*"
        case 2: return "*/\(number(1...range.count))"
        case 3: return "\(number(range))/\(number(1...range.count))"
        case 4:
            let first = number(range)
            let last = wraps ? number(range) : number(first...range.upperBound)
            return "\(first)-\(last)" + (number(0...1) == 0 ? "/\(number(1...range.count))" : "")
        default: return (0...number(0...3)).map { _ in String(number(range)) }.joined(separator: ",")
        }
    }

    private mutating func dayOfMonth() -> String {
        switch number(0...9) {
        case 0: "L"
        case 1: "L-\(number(1...30))"
        case 2: "\(number(1...31))W"
        case 3: "LW,\(number(1...31))"
        case 4: "?"
        default: plain(1...31, wraps: false)
        }
    }

    private mutating func dayOfWeek() -> String {
        switch number(0...9) {
        case 0: "\(number(0...7))#\(number(1...5))"
        case 1: "\(number(0...7))L"
        case 2: "+\(number(0...6))"
        case 3: "MON-FRI"
        default: plain(0...7, wraps: true).replacingStepBeyond7()
        }
    }

    mutating func valid() -> String {
        var fields = [
            plain(0...59, wraps: true), plain(0...23, wraps: true), dayOfMonth(), plain(1...12, wraps: true),
            dayOfWeek(),
        ]
        let shape = number(0...3)
        if shape > 1 { fields.insert(plain(0...59, wraps: true), at: 0) }
        if shape > 2 { fields.append(plain(1970...2199, wraps: false)) }
        return fields.joined(separator: " ")
    }

    /// A valid text with a few bytes changed, dropped, doubled or replaced by something nasty.
    mutating func broken() -> String {
        var bytes = Array(valid().utf8)
        let alphabet = Array("*/-,?#LWH+()@0123456789 \tTZ=:.PDinMONFRI\n\u{0}é".utf8)
        for _ in 0...number(0...4) where !bytes.isEmpty {
            let index = number(0...(bytes.count - 1))
            switch number(0...4) {
            case 0: bytes.remove(at: index)
            case 1: bytes.insert(bytes[index], at: index)
            case 2: bytes[index] = alphabet[number(0...(alphabet.count - 1))]
            case 3: bytes.insert(alphabet[number(0...(alphabet.count - 1))], at: index)
            default: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: index)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    /// The day-of-week field has 7 values while `0...7` has 8 numbers.
    fileprivate func replacingStepBeyond7() -> String { hasSuffix("/8") ? String(dropLast()) + "7" : self }
}
