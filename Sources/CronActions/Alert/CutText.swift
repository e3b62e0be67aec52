/// Texts that are longer than a service takes: shortened, and saying so, rather than refused.
enum CutText {
    static let note = "… [cut]"

    /// UTF-16 units: never fewer than what a service calls characters.
    static func units(_ character: Character) -> Int { character.utf16.count }
    static func bytes(_ character: Character) -> Int { character.utf8.count }

    /// - Parameters:
    ///   - limit: of the result, its note included.
    ///   - size: of a character, as the service counts.
    static func fitting(_ text: String, _ limit: Int, size: (Character) -> Int = units) -> String {
        guard text.reduce(0, { $0 + size($1) }) > limit else { return text }
        var room = limit - note.reduce(0) { $0 + size($1) }
        let kept = text.prefix { character in
            room -= size(character)
            return room >= 0
        }
        return kept + note
    }
}
