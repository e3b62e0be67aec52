/// What is looked for to find secrets: each in all its forms.
struct SecretNeedles: Sendable {
    private let needles: [[UInt8]]
    /// As they are where a plus stands for a blank: both are taken for one.
    private let blanks: [[UInt8]]

    init(_ secrets: [String]) {
        needles = secrets.filter { $0.utf8.count >= SecretMark.shortestHidden }.flatMap { SecretForms.all(of: $0) }
        blanks = needles.map(EncodedText.plusAsBlank)
    }

    var isEmpty: Bool { needles.isEmpty }

    /// A text in all the ways in which it may be meant.
    func readings(of original: [UInt8]) -> [SecretReadings] {
        let plain = EncodedText(original)
        return [
            SecretReadings(plain, needles), plain.withoutCSV().map { SecretReadings($0, needles) },
            plain.withoutPercents().map { SecretReadings($0, blanks) },
        ].compactMap { $0 }
    }
}

/// A text as it is, and without its layers of JSON, with what is looked for in each.
struct SecretReadings {
    let texts: [EncodedText]
    let needles: [[UInt8]]

    init(_ text: EncodedText, _ needles: [[UInt8]]) {
        self.needles = needles
        var texts = [text]
        while texts.count <= SecretMark.layers, let inside = texts[texts.count - 1].withoutJSON() {
            texts.append(inside)
        }
        self.texts = texts
    }
}
