import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which messages of a run have been accepted, told from attempt to attempt. By whom they are for and not by their place in a
/// list: a person who takes a wrong address out of it and runs the rest again must not move the others.
struct AlertProgress: Sendable {
    /// Of a message's key. Among 1,000 messages two have the same by a chance of 2 in a billion.
    private static let keyBytes = 6
    static let keyCharacters = 8

    private(set) var accepted: Set<String>

    /// - Parameter text: of the attempt before; what cannot be read counts for nothing.
    init(_ text: String?) {
        var rest = (text ?? "")[...]
        accepted = []
        while rest.count >= Self.keyCharacters {
            accepted.insert(String(rest.prefix(Self.keyCharacters)))
            rest = rest.dropFirst(Self.keyCharacters)
        }
    }

    mutating func accept(_ key: String) { accepted.insert(key) }

    /// Nil while there is nothing to tell.
    var text: String? { accepted.isEmpty ? nil : accepted.sorted().joined() }

    /// The same for the same message in every attempt of a run.
    /// - Parameter turn: from 0 among the messages for the same person by the same channel.
    static func key(channel: String, person: String, turn: Int) -> String {
        let digest = SHA256.hash(data: Array("\(channel)\n\(person)\n\(turn)".utf8))
        // The characters of a Message-ID, and of no separator.
        return Data(digest.prefix(keyBytes)).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }
}
