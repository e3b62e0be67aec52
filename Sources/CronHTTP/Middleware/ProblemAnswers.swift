import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Turns whatever was thrown into its problem; nothing beyond this leaves the server as an error. People get a page.
struct ProblemAnswers: RouterMiddleware {
    let routes: RouteTable
    /// Nil where there are no pages.
    let web: Web?

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            var problem = Problem(error)
            if problem.kind == .notFound { problem = methodProblem(request) ?? problem }
            context.log(error, as: problem)
            if let web, web.isForPeople(request) { return await web.page(of: problem, request, context) }
            return problem.response(requestID: context.requestID)
        }
    }

    /// A path that exists for other methods.
    private func methodProblem(_ request: Request) -> Problem? {
        let methods = routes.methods(of: request.uri.path) + (web?.methods(of: request.uri.path) ?? [])
        guard !methods.isEmpty, !methods.contains(request.method) else { return nil }
        let allowed = methods.map(\.rawValue).sorted().joined(separator: ", ")
        var problem = Problem(.methodNotAllowed, "\(request.method.rawValue.prefix(20)) is not one of \(allowed)")
        problem.headers[.allow] = allowed
        return problem
    }
}

extension APIContext {
    /// What people who run the server should hear of.
    func log(_ error: any Error, as problem: Problem) {
        if problem.isDefect { logger.error("request failed", metadata: ["error": "\(error)"]) }
        if problem.kind == .unavailable || problem.kind == .outcomeUnknown {
            logger.warning("request not done", metadata: ["error": "\(error)"])
        }
    }
}

/// Refuses a body by its announced length, before any of it is read. One of unknown length is cut off where it is read.
struct BodyLimit: RouterMiddleware {
    /// How long a refused client may go on sending, so that it can still read the answer, before the connection is cut.
    static let patience = TimeAmount.seconds(5)

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            if let text = request.headers[.contentLength], Int(text).map({ $0 > RequestBodyLimit.bytes }) ?? true {
                throw Problem.bodyTooLarge
            }
            return try await next(request, context)
        } catch {
            var problem = Problem(error)
            guard problem.kind == .bodyTooLarge else { throw error }
            problem.headers[.connection] = "close"
            cutOff(context.channel)
            throw problem
        }
    }

    private func cutOff(_ channel: any Channel) {
        guard channel.remoteAddress != nil else { return }
        _ = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }
}
