package import CronSchedule

/// A 128-bit identifier, written as a UUID. The phantom `Kind` keeps a job's id from being passed for a run's.
package struct Identifier<Kind>: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A version 7 UUID (RFC 9562 §5.7): ids made close in time lie close in an index, so inserts append.
    package init(at instant: Instant, using random: inout some RandomNumberGenerator) {
        let milliseconds = UInt64(clamping: max(0, instant.microseconds / 1000)) & 0xFFFF_FFFF_FFFF
        high = milliseconds << 16 | 0x7000 | UInt64.random(in: 0...0xFFF, using: &random)
        low = 0x8000_0000_0000_0000 | UInt64.random(in: 0...0x3FFF_FFFF_FFFF_FFFF, using: &random)
    }

    /// The same, ordered inside its millisecond by a second instant, to the second and within six days: runs planned
    /// together are started in the order of their due times, and then lie together on the pages that a start rewrites.
    /// 54 random bits remain.
    package init(at instant: Instant, orderedBy other: Instant, using random: inout some RandomNumberGenerator) {
        let seconds = (other - instant).microseconds / 1_000_000
        let order = UInt64(min(max(seconds, -0x8_0000), 0x7_FFFF) + 0x8_0000)
        let milliseconds = UInt64(clamping: max(0, instant.microseconds / 1000)) & 0xFFFF_FFFF_FFFF
        high = milliseconds << 16 | 0x7000 | order >> 8
        low =
            0x8000_0000_0000_0000 | (order & 0xFF) << 54 | UInt64.random(in: 0...0x3F_FFFF_FFFF_FFFF, using: &random)
    }

    /// Reads the 36-character UUID form, either case; nil for anything else.
    package init?(_ text: some StringProtocol) {
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var position = 0
        for byte in text.utf8 {
            defer { position += 1 }
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard digits < 32, let value = Self.hexValue(byte) else { return nil }
            if digits < 16 { words.0 = words.0 << 4 | value } else { words.1 = words.1 << 4 | value }
            digits += 1
        }
        guard digits == 32, position == 36 else { return nil }
        (high, low) = words
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    private static func hexValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x41...0x46: UInt64(byte - 0x41 + 10)
        case 0x61...0x66: UInt64(byte - 0x61 + 10)
        default: nil
        }
    }
}

extension Identifier: CustomStringConvertible {
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = nibble < 16 ? high : low
                buffer[position] = digits[Int(word >> UInt64(60 - (nibble % 16) * 4) & 0xF)]
                position += 1
            }
            return position
        }
    }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

package enum UserKind {}
package enum JobKind {}
package enum RunKind {}
package enum NodeKind {}

package typealias UserID = Identifier<UserKind>
package typealias JobID = Identifier<JobKind>
package typealias RunID = Identifier<RunKind>
/// A process's incarnation: random at each start, never a host name, so that a restarted node is never taken for its
/// former self.
package typealias NodeID = Identifier<NodeKind>
