import CronEngine
import CronModel
import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// Names the request and the node, logs the request, and turns every error into a problem document.
struct EdgeMiddleware: RouterMiddleware {
    let node: NodeID

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = UUID().uuidString.lowercased()
        context.logger[metadataKey: "request_id"] = .string(context.requestID)
        var response = await answer(request, context, next)
        if let name = HTTPField.Name("Cronpp-Node") { response.headers[name] = node.description }
        if let name = HTTPField.Name("X-Request-Id") { response.headers[name] = context.requestID }
        if let name = HTTPField.Name("X-Content-Type-Options") { response.headers[name] = "nosniff" }
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.path)", "status": "\(response.status.code)",
                "address": "\(context.address)",
            ])
        return response
    }

    private func answer(
        _ request: Request, _ context: APIContext, _ next: (Request, APIContext) async throws -> Response
    ) async -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = Self.problem(error)
            if problem.status.code >= 500 {
                context.logger.error(
                    "a request failed", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            }
            return problem.response(requestID: context.requestID)
        }
    }

    private static func problem(_ error: any Error) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as ControlError: return APIError(error)
        case let error as StoreError: return APIError(error)
        case let error as HTTPError where error.status == .notFound: return .notFound
        case let error as any HTTPResponseError where error.status.code < 500:
            return APIError(
                status: error.status, type: "http", title: error.status.reasonPhrase, detail: "\(error)")
        default: return APIError(StoreError.corrupt("\(error)"))
        }
    }
}

/// Lets only requests with a valid access token through.
struct Authenticator: RouterMiddleware {
    let tokens: Tokens

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        guard let header = request.headers[.authorization] else { throw APIError.unauthorized("send a bearer token") }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", let user = await tokens.user(of: String(parts[1]))
        else {
            throw APIError.unauthorized("the access token is not valid")
        }
        var context = context
        context.userID = user
        return try await next(request, context)
    }
}
