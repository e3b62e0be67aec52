/// A name that actions can hold, as `{{secrets.NAME}}` or by itself.
package enum ResourceName {
    package static let limitBytes = 100
    package static let pattern = "^[A-Za-z0-9_-]+$"
    /// How often a request without `If-Match` is made anew when another one came between.
    static let tries = 5

    static func check(_ name: String) throws(ControlError) {
        let isSound = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isSound, (1...limitBytes).contains(name.utf8.count) else {
            throw .invalid("name", "must be 1 to \(limitBytes) letters, digits, \"_\" or \"-\"")
        }
    }
}
