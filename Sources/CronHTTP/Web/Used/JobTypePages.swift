import CronEngine
import CronModel
import CronSchedule

/// Job types. A change of one tells first which jobs change with it, and is made when somebody has seen that.
struct JobTypePages: Sendable {
    let types: JobTypeControl
    let clock: any EngineClock

    // MARK: Showing

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        let filter = try NamedFilter(request, of: .jobTypes)
        let spaces = JobTypeControl.spaces(try request.base.owner)
        let page = try await types.list(filter.query(.jobType, spaces: spaces))
        let times = times(request)
        let view = JobTypeListView(
            list: NamedListView(filter, page, for: request), rows: page.items.map { JobTypeRowView($0, times) })
        return .page(WebPage(title: "Job types", template: "job-types", view: view))
    }

    @Sendable func show(_ request: WebRequest) async throws -> WebReply { shown(try await found(request), request) }

    @Sendable func new(_ request: WebRequest) async throws -> WebReply {
        var query = request.query
        try query.finish()
        return page(JobTypeForm(), request)
    }

    @Sendable func edit(_ request: WebRequest) async throws -> WebReply {
        let type = try await found(request)
        return page(JobTypeForm(type), request, over: type)
    }

    // MARK: The form's buttons

    @Sendable func create(_ request: WebRequest) async throws -> WebReply {
        let form = JobTypeForm(request.form)
        let (draft, problems) = form.draft
        do {
            guard problems.isEmpty else { throw Problem.invalid(problems) }
            let type = try await types.create(draft, by: request.base.actor)
            return .seeOther(Self.path(type.id), Flash("\(Self.name(type)) is saved."))
        } catch {
            return page(form, request, refusal: try Self.mended(error))
        }
    }

    @Sendable func save(_ request: WebRequest) async throws -> WebReply {
        let type = try await found(request)
        let form = JobTypeForm(request.form)
        let (body, problems) = form.body
        guard let version = request.form["_version"].flatMap({ Int64($0) }) else {
            throw Problem.invalid("_version", "is not what the page had")
        }
        do {
            guard problems.isEmpty else { throw Problem.invalid(problems) }
            let actor = try request.base.actor
            let (_, affected) = try await types.replace(type.id, body, version: version, dryRun: true, by: actor)
            let seen = JobTypeAffected(affected, by: body)
            guard affected.isEmpty || request.form["_seen"] == seen.mark else {
                return page(form, request, over: type, affected: seen)
            }
            let (saved, changed) = try await types.replace(type.id, body, version: version, dryRun: false, by: actor)
            return .seeOther(Self.path(saved.id), Flash(Self.done(saved, changed.count)))
        } catch {
            return page(form, request, over: type, refusal: try Self.mended(error))
        }
    }

    @Sendable func delete(_ request: WebRequest) async throws -> WebReply {
        let type = try await found(request)
        do {
            try await types.delete(type.id, version: nil, by: request.base.actor)
            return .seeOther(.jobTypes, Flash("\(Self.name(type)) is deleted."))
        } catch {
            return shown(type, request, refusal: try Self.mended(error))
        }
    }

    /// From where nothing is shown.
    @Sendable func back(_ request: WebRequest) async throws -> WebReply {
        .seeOther(Self.path(try await found(request).id))
    }

    // MARK: Parts

    /// What is wrong, if it can be mended at the form. What somebody may not do at all is told elsewhere.
    private static func mended(_ error: any Error) throws -> Problem {
        if case ControlError.lacking = error { throw error }
        let problem = Problem(error)
        guard problem.isMendedAtForm else { throw error }
        return problem
    }

    private func page(
        _ form: JobTypeForm, _ request: WebRequest, over type: Resource? = nil, refusal: Problem? = nil,
        affected: JobTypeAffected? = nil
    ) -> WebReply {
        // Who saves again after a conflict means the newer version.
        let version = refusal?.kind == .versionMismatch ? nil : request.form["_version"]
        let view = JobTypeFormView(
            form, over: type, version: version ?? type.map { "\($0.version)" } ?? "", refusal: refusal,
            affected: affected)
        return .page(.form(view.title, "job-type-edit", view, refusal))
    }

    private func shown(_ type: Resource, _ request: WebRequest, refusal: Problem? = nil) -> WebReply {
        let view = JobTypeView(type, times(request), mayWrite: request.mayWriteSettings, refusal: refusal)
        return .page(.form(view.title, "job-type", view, refusal))
    }

    private func found(_ request: WebRequest) async throws -> Resource {
        var query = request.query
        try query.finish()
        return try await types.read(request.base.id(), space: request.base.owner)
    }

    private func times(_ request: WebRequest) -> TimeText { TimeText(now: clock.now, choices: request.choices) }

    private static func path(_ id: ResourceID) -> LocalPath {
        LocalPath("\(LocalPath.jobTypes.text)/\(id)") ?? .jobTypes
    }

    private static func name(_ type: Resource) -> String { ShownText.line(String(type.name.prefix(100))) }

    private static func done(_ type: Resource, _ count: Int) -> String {
        let saved = "\(name(type)) is saved as version \(type.version)"
        return count == 0 ? "\(saved)." : "\(saved), and \(JobTypeAffected.counted(count)) with it."
    }
}
