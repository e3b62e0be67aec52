import CronModel
import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which messages of a run are decided, told from attempt to attempt: accepted, or refused for good. By whom they are for
/// and not by their place in a list: a person who takes a wrong address out of it and runs the rest again must not move the
/// others.
///
/// What was refused is so until a person runs the run again, who may have mended why.
struct AlertProgress: Sendable {
    /// Of a message's key. Among 1,000 messages two have the same by a chance of 2 in a billion.
    private static let keyBytes = 6
    static let keyCharacters = 8
    private static let separator: Character = "."

    private(set) var accepted: Set<String> = []
    private(set) var refused: Set<String> = []
    private let life: String

    /// - Parameters:
    ///   - text: of the attempt before; what cannot be read counts for nothing.
    ///   - life: of the run, from one time that a person ran it to the next.
    init(_ text: String?, life: String) {
        self.life = life
        let parts = (text ?? "").split(separator: Self.separator, maxSplits: 1, omittingEmptySubsequences: false)
        accepted = Self.keys(in: parts.first ?? "")
        guard parts.count == 2, parts[1].hasPrefix(life) else { return }
        refused = Self.keys(in: parts[1].dropFirst(life.count))
    }

    init(_ attempt: AttemptContext) {
        self.init(attempt.progress, life: Self.key("\(attempt.runID)\n\(attempt.attemptsBefore)"))
    }

    mutating func accept(_ key: String) { accepted.insert(key) }
    mutating func refuse(_ key: String) { refused.insert(key) }

    /// Nil while there is nothing to tell.
    /// - Parameter isLast: no attempt of the same life follows.
    func text(isLast: Bool = false) -> String? {
        let all = accepted.sorted().joined()
        if refused.isEmpty || isLast { return all.isEmpty ? nil : all }
        return "\(all)\(Self.separator)\(life)\(refused.sorted().joined())"
    }

    /// The same for the same message in every attempt of a run.
    /// - Parameter turn: from 0 among the messages for the same person by the same channel.
    static func key(channel: String, person: String, turn: Int) -> String { key("\(channel)\n\(person)\n\(turn)") }

    private static func key(_ text: String) -> String {
        let digest = SHA256.hash(data: Array(text.utf8))
        // The characters of a Message-ID, and of no separator.
        return Data(digest.prefix(keyBytes)).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }

    private static func keys(in text: Substring) -> Set<String> {
        var rest = text
        var keys: Set<String> = []
        while rest.count >= keyCharacters {
            keys.insert(String(rest.prefix(keyCharacters)))
            rest = rest.dropFirst(keyCharacters)
        }
        return keys
    }
}
