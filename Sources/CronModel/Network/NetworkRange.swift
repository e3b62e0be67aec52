/// A block of addresses in CIDR notation, such as `10.0.0.0/8` or `fd00::/8`.
package struct NetworkRange: Hashable, Sendable {
    private let first: IPAddress
    private let prefixLength: Int

    /// What is wrong with a range's text, for the person who wrote it.
    package struct Problem: Error, Hashable, Sendable {
        package let message: String

        package init(message: String) {
            self.message = message
        }
    }

    /// Reads `address/prefix`; an address alone is a range of one.
    package init(_ text: some StringProtocol) throws(Problem) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let head = parts.first, let address = IPAddress(head) else {
            throw Problem(message: "\"\(text)\" is not a network range; write 10.0.0.0/8 or fd00::/8")
        }
        let bits = address.bitCount
        var length = bits
        if parts.count == 2 {
            guard let value = UInt8(parts[1]), Int(value) <= bits, !parts[1].hasPrefix("+") else {
                throw Problem(message: "the prefix length of \"\(text)\" must be a number from 0 to \(bits)")
            }
            length = Int(value)
        }
        let first = address.prefix(length)
        // Bits behind the prefix mean that either the address or the length is not what its author thinks.
        guard first == address else {
            throw Problem(message: "\"\(text)\" has bits set after its prefix; did you mean \(first)/\(length)?")
        }
        self.init(first: first, prefixLength: length)
    }

    private init(first: IPAddress, prefixLength: Int) {
        self.first = first
        self.prefixLength = prefixLength
    }

    /// The range of one address.
    package init(_ address: IPAddress) {
        self.init(first: address, prefixLength: address.bitCount)
    }

    package func contains(_ address: IPAddress) -> Bool {
        address.bitCount == first.bitCount && address.prefix(prefixLength) == first
    }
}

extension NetworkRange: CustomStringConvertible {
    package var description: String { "\(first)/\(prefixLength)" }
}

extension IPAddress {
    fileprivate var bitCount: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// The address with every bit after the first `length` cleared.
    fileprivate func prefix(_ length: Int) -> IPAddress {
        switch self {
        case .v4(let value):
            .v4(value & ~(UInt32.max >> UInt32(length)))
        case .v6(let high, let low):
            .v6(
                high: high & ~(UInt64.max >> UInt64(min(length, 64))),
                low: low & ~(UInt64.max >> UInt64(max(length - 64, 0))))
        }
    }
}
