import CronModel

/// A state of a run or a job: always a picture and a word, never a colour alone.
struct StateView: Sendable {
    /// Names the picture and the style.
    let key: String
    let word: String

    init(key: String, word: String) {
        self.key = key
        self.word = word
    }

    init(_ status: RunStatus) {
        key = status.name.lowercased()
        word = status.name.asWord
    }

    init(_ state: JobState) {
        key = state.rawValue
        word = state.rawValue.asWord
    }
}

extension String {
    fileprivate var asWord: String { prefix(1).uppercased() + dropFirst().lowercased() }
}

extension RunReason {
    /// As a sentence's part: `out of window`.
    var words: String { name.replacing("_", with: " ") }
}
