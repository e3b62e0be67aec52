import HTTPTypes

/// One line of the list of pages.
struct WebRoute: Sendable {
    let method: HTTPRequest.Method
    /// With `{name}` for a part that varies.
    let path: String
    let access: Route.Access
    /// Not counted in the budget of requests.
    var isFree = false
    let handler: @Sendable (WebRequest) async throws -> WebReply

    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Route.Access,
        _ handler: @escaping @Sendable (WebRequest) async throws -> WebReply
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.handler = handler
    }

    /// The same, its page marked in the navigation.
    func within(_ section: WebSection) -> WebRoute {
        WebRoute(method, path, access) { [handler] request in
            let reply = try await handler(request)
            guard case .page(var page) = reply else { return reply }
            page.section = section
            return .page(page)
        }
    }
}
