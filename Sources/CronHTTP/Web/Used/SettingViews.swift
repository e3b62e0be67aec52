import CronModel

/// A list of connections or channels as its template sees it.
struct SettingListView: Sendable {
    let title: String
    let noun: String
    let about: String
    let list: NamedListView
    let rows: [SettingRowView]

    init(words: SettingPageWords, list: NamedListView, rows: [SettingRowView]) {
        (title, noun, about) = (words.title, words.noun, words.about)
        self.list = list
        self.rows = rows
    }
}

struct SettingRowView: Sendable {
    /// Fields that tell one from another, so many.
    private static let facts = 3
    private static let longestFact = 80

    let id: String
    let name: String
    let edit: String
    let type: String
    let details: String
    let version: String
    let changed: TimeView

    init(
        _ setting: Resource, _ shown: JSONValue, _ kind: any SettingKind, _ words: SettingPageWords, _ times: TimeText
    ) {
        id = setting.id.description
        name = setting.name
        edit = SettingView.path(of: setting.name, words)
        let variant = kind.selector.flatMap { shown[$0]?.stringValue }
        type = variant.map(SettingLabel.variant) ?? "–"
        let members = kind.variants.first { $0.name == variant }?.members ?? kind.schema.members
        let told = members.filter { !kind.secretFields.contains($0.name) && $0.name != kind.selector }.compactMap {
            member in Self.fact(shown[member.name]).map { "\(SettingLabel.field(member.name)) \($0)" }
        }
        details = told.isEmpty ? "–" : told.prefix(Self.facts).joined(separator: ", ")
        version = "\(setting.version)"
        changed = times.view(setting.updatedAt, zone: "UTC")
    }

    private static func fact(_ value: JSONValue?) -> String? {
        guard let value, value != .null else { return nil }
        let text = value.stringValue ?? value.arrayValue.map { $0.first?.stringValue ?? "" } ?? JSONWriter.text(value)
        // Certificates are for those who edit.
        guard !text.isEmpty, !text.contains("-----BEGIN") else { return nil }
        return ShownText.line(String(text.prefix(Self.longestFact)))
    }
}

/// The kinds that a new setting may be of.
struct SettingChoiceView: Sendable {
    let title: String
    let list: String
    let listTitle: String
    let choices: [Choice]

    struct Choice: Sendable {
        let label: String
        let about: String?
        let path: String

        init(_ variant: String, path: String) {
            label = SettingLabel.variant(variant)
            about = SettingLabel.about(variant)
            self.path = path
        }
    }

    init(title: String, words: SettingPageWords, choices: [Choice]) {
        self.title = title
        (list, listTitle) = (words.list.text, words.title)
        self.choices = choices
    }
}

/// One setting's form as its template sees it.
struct SettingView: Sendable {
    let title: String
    let list: String
    let listTitle: String
    let noun: String
    /// Where the form is sent.
    let target: String
    /// Where one goes on with what is stored; nil for a new one.
    let path: String?
    let delete: String?
    let name: String
    let kind: String
    /// The other kinds that it may become.
    let others: [SettingChoiceView.Choice]
    let hasOthers: Bool
    /// Where a new one's kind is chosen again.
    let choice: String?
    let nameField: EditorFieldView?
    let fields: [EditorFieldView]
    let form: EditorView.Problems
    let version: String
    /// The newer version, if somebody else was faster.
    let conflict: String?
    let mustRetype: Bool
    let test: SettingTestView?
    let aboutTest: String
    let aboutDelete: String

    init(
        _ state: SettingForm, _ setting: any SettingKind, _ words: SettingPageWords, over found: Resource?,
        version: String, refusal: Problem?, test: SettingTest?
    ) {
        let variant = state.fields.variant?.name
        let label = variant.map(SettingLabel.variant)
        let newTitle = label.map { "New \($0) \(words.noun)" } ?? "New \(words.noun)"
        let newPath = "\(words.list.text)/new"
        kind = label ?? "Fields"
        title = found.map { "Edit \($0.name)" } ?? newTitle
        (list, listTitle, noun) = (words.list.text, words.title, words.noun)
        (aboutTest, aboutDelete) = (words.aboutTest, words.aboutDelete)
        let type = variant.map { "type=\($0)" }
        let own = found.map { Self.path(of: $0.name, words) }
        path = own
        target = own.map { path in type.map { "\(path)&\($0)" } ?? path } ?? type.map { "\(newPath)?\($0)" } ?? newPath
        delete = found.map { "\(words.list.text)/delete?name=\($0.name)" }
        name = state.name
        var others: [SettingChoiceView.Choice] = []
        if let own {
            others = setting.variants.filter { $0.name != variant }.map {
                .init($0.name, path: "\(own)&type=\($0.name)")
            }
        }
        self.others = others
        hasOthers = !others.isEmpty
        choice = found == nil && variant != nil ? newPath : nil
        let all = (found == nil ? [SettingFields.name] : []) + state.fields.fields
        var texts = state.texts
        texts[SettingFields.name.name] = state.name
        let isConflict = refusal?.kind == .versionMismatch
        let placed = PlacedFields(all, texts: texts, kept: state.kept, refusal: isConflict ? nil : refusal)
        nameField = found == nil ? placed[SettingFields.name.name] : nil
        fields = placed.views.filter { $0.name != SettingFields.name.name }
        form = placed.form
        self.version = version
        conflict = isConflict ? found.map { "\($0.version)" } : nil
        mustRetype = state.hasTypedSecrets
        self.test = test.map(SettingTestView.init)
    }

    /// Names hold nothing that an address could not.
    static func path(of name: String, _ words: SettingPageWords) -> String { "\(words.list.text)/edit?name=\(name)" }
}

/// What came of trying a setting out.
struct SettingTestView: Sendable {
    let isUsable: Bool
    let verdict: String
    let message: String
    let facts: [DecisionView.Part]

    init(_ test: SettingTest) {
        isUsable = test.isUsable
        verdict = test.isUsable ? "It works." : "It does not work."
        message = ShownText.line(test.message)
        facts = test.facts.sorted { $0.key < $1.key }.map { name, value in
            .init(label: SettingLabel.field(name), value: ShownText.line(value.stringValue ?? JSONWriter.text(value)))
        }
    }
}
