import CronEngine
import CronModel
import HTTPTypes
import Hummingbird
import Logging

/// What a request for a page passes before its handler: who is asking, by a cookie and nothing else; whether it comes from a
/// page of ours; how often, and whether they may. Whatever goes wrong becomes a page.
struct WebGate: Sendable {
    let site: WebSite
    let identities: Identities
    let audit: any AuditStore
    let limit: RateLimit?
    let origin: WebOrigin

    func pass(_ route: WebRoute, _ request: Request, _ context: APIContext) async throws -> Response {
        var asked = WebRequest(bare: request, context, lastEvent: site.live.events.newest)
        var count: RateCount?
        var response: Response
        do {
            if let session = asked.cookies[.session].flatMap({ WebSession(cookie: $0, site.keys) }),
                let visitor = try await identities.find(.session(session.family))
            {
                asked = asked.by(visitor, session)
            }
            if let limit, !route.isFree {
                count = try await limit.admit(asked.visitor.map(RateLimit.key) ?? "address:\(context.address)")
            }
            let reply = try await reply(route, &asked)
            response = try await site.response(to: asked, reply)
        } catch {
            let problem = Problem(error)
            // Whoever sends too much is cut off further out.
            guard problem.kind != .bodyTooLarge else { throw error }
            context.log(error, as: problem)
            response = await site.response(to: asked, problem: problem)
        }
        if let limit, let count { limit.tell(count, in: &response.headers) }
        return response
    }

    private func reply(_ route: WebRoute, _ request: inout WebRequest) async throws -> WebReply {
        let mayChange = route.method != .get
        if mayChange, !origin.isOurs(request.http) { throw Self.foreign }
        if route.access != .open, request.visitor == nil { return try signIn(request, mayChange: mayChange) }
        if case .allowed(let permission) = route.access, try !request.base.access.allows(permission) {
            throw try await audit.denied(permission, route.path, request.base)
        }
        if mayChange {
            request.form = try await form(of: request.base)
            if route.access != .open { try checkToken(request) }
        }
        do {
            return try await route.handler(request)
        } catch ControlError.lacking(let permission) {
            throw try await audit.denied(permission, route.path, request.base)
        }
    }

    /// Where whoever is not signed in goes on. A form comes back to its page, where the browser still has what was typed.
    private func signIn(_ request: WebRequest, mayChange: Bool) throws -> WebReply {
        if request.isByScript { throw Problem(.unauthenticated, "your session has ended; sign in again") }
        let next = mayChange ? LocalPath(referer: request.http) : request.here
        guard let next, next != .home, let path = LocalPath("/login?next=\(next.encoded)") else {
            return .seeOther(.login)
        }
        return .seeOther(path)
    }

    private func form(of request: APIRequest) async throws -> FormFields {
        let type = request.http.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        let bytes = try await request.bytes()
        guard bytes.isEmpty || type == FormFields.mediaType else {
            throw Problem(.unsupportedMediaType, "a form is sent as \(FormFields.mediaType)")
        }
        return try FormFields(bytes)
    }

    private func checkToken(_ request: WebRequest) throws(Problem) {
        guard let session = request.session, let token = request.form[FormFields.tokenField],
            session.isFormToken(token, site.keys)
        else { throw Self.foreign }
    }

    private static let foreign = Problem(
        .forbidden, "this did not come from a page of this session, so nothing was done; reload the page and try again")
}

extension WebRequest {
    /// Before it is known who sent it.
    init(bare request: Request, _ context: APIContext, lastEvent: String = "") {
        let cookies = RequestCookies(request.headers, isSecure: context.isSecure)
        self.init(
            base: APIRequest(http: request, context: context, signedIn: nil), session: nil, cookies: cookies,
            choices: WebChoices(cookies), lastEvent: lastEvent, form: .none)
    }

    fileprivate func by(_ visitor: SignedIn, _ session: WebSession) -> WebRequest {
        WebRequest(
            base: APIRequest(http: http, context: context, signedIn: visitor), session: session, cookies: cookies,
            choices: choices, lastEvent: lastEvent, form: form)
    }
}

extension LocalPath {
    static let login = LocalPath("/login") ?? .home

    /// The page that a form was on, if it was one of ours: the browser tells nobody else's.
    init?(referer request: Request) {
        guard let referer = request.headers[.referer], let authority = request.head.authority,
            let range = referer.firstRange(of: "://\(authority)/")
        else { return nil }
        self.init(String(referer[referer.index(before: range.upperBound)...]))
    }
}

extension AuditStore {
    /// Somebody tries more than they may: the space's admins should see it.
    func denied(_ permission: Permission, _ path: String, _ request: APIRequest) async throws -> Problem {
        try await appendAudit(
            request.actor.entry(
                "denied", target: nil,
                after: .object(["path": .string(path), "needs": .string(permission.text)])))
        return .lacking(permission)
    }
}
