import CronModel

/// What is about to be done to many things, for somebody to look at before it is: the request's dry run as a page.
struct DecisionView: Sendable {
    let title: String
    /// What follows from it.
    let consequence: String
    /// Where the button goes.
    let action: String
    /// What the button says: how many, and which.
    let button: String
    let isGrave: Bool
    /// What the form carries.
    let fields: [Field]
    /// The filter in words, one line for each part.
    let parts: [Part]
    let hasParts: Bool
    let count: String
    let isNothing: Bool
    let sample: [Sample]
    let more: String?
    /// What has changed since the page was shown.
    let notice: String?
    /// The list that it came from.
    let back: String

    struct Field: Sendable {
        let name: String
        let value: String
    }

    struct Part: Sendable {
        let label: String
        let value: String
    }

    struct Sample: Sendable {
        let text: String
        let path: String
    }

    /// - Parameters:
    ///   - verb: as a button begins: `Pause`.
    ///   - things: what they are called, by their number.
    ///   - expected: the number that was shown before, if another is found now.
    init(
        _ verb: String, _ count: Int, _ things: (Int) -> String, consequence: String, action: String, isGrave: Bool,
        fields: [(name: String, value: String)], parts: [Part], sample: [Sample], expected: Int?, back: LocalPath
    ) {
        let counted = "\(CountText.text(count)) \(things(count))"
        title = "\(verb) \(counted)?"
        self.consequence = consequence
        self.action = action
        let which = parts.map { "\($0.label.lowercased()) \($0.value)" }.joined(separator: ", ")
        button = which.isEmpty ? "\(verb) \(counted)" : "\(verb) \(counted) with \(String(which.prefix(200)))"
        self.isGrave = isGrave
        self.fields = (fields + [("expected_count", "\(count)"), ("_next", back.text)]).map(Field.init)
        self.parts = parts
        hasParts = !parts.isEmpty
        self.count = CountText.text(count)
        isNothing = count == 0
        self.sample = sample
        more = count > sample.count ? "and \(CountText.text(count - sample.count)) more" : nil
        notice = expected.map {
            "It was about \(CountText.text($0)) when you looked, and is about \(CountText.text(count)) now. "
                + "Nothing was done. Look again."
        }
        self.back = back.text
    }

    /// About one thing, of which nothing can have changed its number.
    /// - Parameters:
    ///   - verb: as the title begins: `Disable`.
    ///   - name: what it is about, as it is to be shown.
    ///   - button: nil for both of them. Buttons that are not grave are one line, which has to fit a phone.
    init(
        _ verb: String, _ name: String, button: String? = nil, consequence: String, action: String, isGrave: Bool,
        parts: [Part], back: LocalPath
    ) {
        title = "\(verb) \(name)?"
        self.consequence = consequence
        self.action = action
        self.button = button ?? "\(verb) \(name)"
        self.isGrave = isGrave
        fields = []
        self.parts = parts
        hasParts = !parts.isEmpty
        count = "1"
        isNothing = false
        sample = []
        more = nil
        notice = nil
        self.back = back.text
    }

    /// Lists of runs and jobs, and what was done to them, in one sentence.
    static func done(_ done: Int, of count: Int, _ things: (Int) -> String, _ what: String, refusals: [String])
        -> String
    {
        guard done < count else {
            return "\(CountText.text(count)) \(things(count)) \(count == 1 ? "is" : "are") \(what)."
        }
        let reasons = Dictionary(grouping: refusals) { $0 }.sorted {
            ($1.value.count, $0.key) < ($0.value.count, $1.key)
        }
        let told = reasons.prefix(3).map { "\($0.value.count) × \(String($0.key.prefix(200)))" }.joined(separator: "; ")
        return
            "\(CountText.text(done)) of \(CountText.text(count)) \(things(count)) \(done == 1 ? "is" : "are") \(what). "
            + "Refused: \(told)\(reasons.count > 3 ? "; …" : "")."
    }
}

enum CountText {
    /// `12,345`
    static func text(_ count: Int) -> String {
        var digits = Array(String(count))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }
}
