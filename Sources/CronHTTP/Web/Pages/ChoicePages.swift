import CronModel

/// How somebody wants pages to look.
struct ChoicePages: Sendable {
    @Sendable func choose(_ request: WebRequest) async throws -> WebReply {
        var reader = FieldReader(request.form.json.objectValue ?? [:])
        let theme = reader.choice("theme", WebChoices.Theme.self)
        let zone = reader.choice("zone", WebChoices.Zone.self)
        reader.refuseUnknown()
        guard reader.problems.isEmpty else { throw Problem.invalid(reader.problems) }
        let chosen = [(WebCookie.theme, theme?.rawValue), (.zone, zone?.rawValue)]
        let cookies = chosen.compactMap { cookie, value in
            value.map { cookie.field($0, life: WebCookie.choiceLife, isSecure: request.isSecure) }
        }
        return .seeOther(request.next(else: .home), cookies: cookies)
    }
}
