import CronEngine
import CronModel
import Hummingbird

/// What a request passes before its handler: who is asking, how often, and whether they may.
struct Gate: Sendable {
    let signIn: SignIn
    let audit: any AuditStore
    let limit: RateLimit?

    func pass(_ route: Route, _ request: Request, _ context: APIContext) async throws -> Response {
        let signedIn: SignedIn? = if case .open = route.access { nil } else { try await signIn.check(request.headers) }
        let asked = APIRequest(http: request, context: context, signedIn: signedIn)
        // Health and metrics are for machines that watch, and must answer when all else is refused.
        guard let limit, route.path.hasPrefix("/api/") else { return try await handle(route, asked) }
        let count = try await limit.admit(signedIn.map(RateLimit.key) ?? "address:\(context.address)")
        do {
            var response = try await handle(route, asked)
            limit.tell(count, in: &response.headers)
            return response
        } catch var problem as Problem {
            limit.tell(count, in: &problem.headers)
            throw problem
        }
    }

    private func handle(_ route: Route, _ request: APIRequest) async throws -> Response {
        if case .allowed(let permission) = route.access, try !request.access.allows(permission) {
            throw try await audit.denied(permission, route.path, request)
        }
        do {
            return try await route.handler(request)
        } catch ControlError.lacking(let permission) {
            throw try await audit.denied(permission, route.path, request)
        }
    }
}
