import CronEngine
import CronModel
import CronSchedule

/// Connections, or channels: the list, and a form whose fields are those of the kind that was chosen.
struct SettingPages: Sendable {
    let settings: SettingControl
    let words: SettingPageWords
    let clock: any EngineClock

    private var kind: any SettingKind { settings.setting }

    // MARK: Showing

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        let filter = try NamedFilter(request, of: words.list)
        let page = try await settings.list(filter.query(kind.kind, spaces: [request.base.owner]))
        let times = TimeText(now: clock.now, choices: request.choices)
        let view = SettingListView(
            words: words, list: NamedListView(filter, page, for: request),
            rows: page.items.map { SettingRowView($0, settings.shown($0), kind, words, times) })
        return .page(WebPage(title: words.title, template: "settings-named", view: view))
    }

    @Sendable func new(_ request: WebRequest) async throws -> WebReply {
        guard let fields = try SettingFields(kind, variant: chosen(request)) else { return choice() }
        return page(SettingForm(fields), request)
    }

    @Sendable func edit(_ request: WebRequest) async throws -> WebReply {
        let found = try await found(request)
        return page(try form(of: found, request), request, over: found)
    }

    /// Which kind it is to be is chosen first.
    private func choice() -> WebReply {
        let view = SettingChoiceView(
            title: "New \(words.noun)", words: words,
            choices: kind.variants.map {
                SettingChoiceView.Choice($0.name, path: "\(words.list.text)/new?type=\($0.name)")
            })
        return .page(WebPage(title: view.title, template: "settings-choice", view: view))
    }

    // MARK: The form's buttons

    @Sendable func create(_ request: WebRequest) async throws -> WebReply {
        guard let fields = try SettingFields(kind, variant: chosen(request)) else { return choice() }
        var form = SettingForm(fields)
        form.take(request.form)
        return try await decide(form, request, over: nil)
    }

    @Sendable func save(_ request: WebRequest) async throws -> WebReply {
        let found = try await found(request)
        var form = try form(of: found, request)
        if request.form["_do"] == "test-stored" {
            let test = try await settings.test(found.name, nil, by: request.base.actor)
            return page(form, request, over: found, test: test)
        }
        form.take(request.form)
        form.name = found.name
        return try await decide(form, request, over: found)
    }

    @Sendable func delete(_ request: WebRequest) async throws -> WebReply {
        let name = try request.settingName()
        try await settings.delete(name, version: nil, by: request.base.actor)
        return .seeOther(words.list, Flash("\(name) is deleted."))
    }

    /// Saves what was typed, or tries it out.
    private func decide(_ form: SettingForm, _ request: WebRequest, over found: Resource?) async throws -> WebReply {
        let (json, problems) = form.json
        do {
            guard problems.isEmpty else { throw Problem.invalid(problems) }
            if request.form["_do"] == "test" {
                let test = try await settings.test(form.name, json, by: request.base.actor)
                return page(form, request, over: found, test: test)
            }
            let (saved, _) = try await settings.put(
                form.name, json, if: precondition(request, over: found), by: request.base.actor)
            return .seeOther(words.list, Flash("\(saved.name) is saved."))
        } catch {
            let problem = Problem(error)
            guard problem.isMendedAtForm else { throw error }
            return page(form, request, over: found, refusal: problem.atName(of: found))
        }
    }

    private func precondition(_ request: WebRequest, over found: Resource?) throws(Problem) -> Precondition {
        guard found != nil else { return .absent }
        guard let version = request.form["_version"].flatMap({ Int64($0) }) else {
            throw .invalid("_version", "is not what the page had")
        }
        return .version(version)
    }

    // MARK: Parts

    private func page(
        _ form: SettingForm, _ request: WebRequest, over found: Resource? = nil, refusal: Problem? = nil,
        test: SettingTest? = nil
    ) -> WebReply {
        // Who saves again after a conflict means the newer version.
        let version = refusal?.kind == .versionMismatch ? nil : request.form["_version"]
        let view = SettingView(
            form, kind, words, over: found, version: version ?? found.map { "\($0.version)" } ?? "", refusal: refusal,
            test: test)
        return .page(.form(view.title, "setting", view, refusal))
    }

    private func form(of found: Resource, _ request: WebRequest) throws -> SettingForm {
        let stored = settings.shown(found)
        let own = kind.selector.flatMap { stored[$0]?.stringValue }
        guard let fields = try SettingFields(kind, variant: chosen(request) ?? own) else {
            throw Problem.invalid("type", "is required")
        }
        return SettingForm(fields, name: found.name, stored: stored)
    }

    private func found(_ request: WebRequest) async throws -> Resource {
        try await settings.read(request.settingName(), space: request.base.owner)
    }

    private func chosen(_ request: WebRequest) throws(Problem) -> String? {
        var reader = request.query
        let type = reader.string("type")
        _ = reader.string("name")
        try reader.finish()
        return type
    }
}

extension Problem {
    /// Of something new, a name that is taken is the name's problem.
    func atName(of found: Resource?) -> Problem {
        guard found == nil, kind == .conflict, errors.isEmpty else { return self }
        var problem = self
        problem.errors = [FieldProblem(field: "name", message: detail)]
        return problem
    }
}
