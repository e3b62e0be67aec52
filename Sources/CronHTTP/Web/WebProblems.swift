import CronModel
import HTTPTypes
import Hummingbird
import NIOCore

/// Errors as people see them: what happened, what to do, and the id by which the log has more.
extension WebSite {
    func response(to request: WebRequest, problem: Problem) async -> Response {
        if request.isByScript { return plain(problem) }
        let page = WebPage(
            title: problem.kind.title, template: "problem", view: ProblemView(problem, request),
            status: problem.kind.status, headers: problem.headers)
        do {
            return try await response(to: request, .page(page))
        } catch {
            // Even the template of errors fails: words are left.
            return plain(problem)
        }
    }

    /// For scripts, which show it in the page that they are in.
    private func plain(_ problem: Problem) -> Response {
        var headers = WebHeaders.page
        for field in problem.headers { headers[field.name] = field.value }
        headers[.contentType] = "text/plain; charset=utf-8"
        return Response(
            status: problem.kind.status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: problem.detail)))
    }
}

struct ProblemView: Sendable {
    let status: Int
    let title: String
    let detail: String
    let advice: String
    let requestID: String

    init(_ problem: Problem, _ request: WebRequest) {
        status = Int(problem.kind.status.code)
        title = problem.kind.title
        detail = problem.detail
        advice = problem.kind.advice
        requestID = request.context.requestID
    }
}

extension Problem.Kind {
    /// What to do about it.
    fileprivate var advice: String {
        switch self {
        case .validation, .malformedJSON, .unsupportedMediaType: "Go back, correct it and send it again."
        case .bodyTooLarge: "Go back and send less."
        case .unauthenticated: "Sign in and try again."
        case .forbidden: "Ask an admin of your space if you need it, or reload the page that you came from."
        case .mailNotSetUp: "Ask an admin of your space for a token."
        case .notFound: "Check the address, or look for it in the lists. What was deleted is not shown any more."
        case .methodNotAllowed: "Open the page anew and use its buttons."
        case .conflict, .versionMismatch: "Reload the page to see what is there now, then try again."
        case .limitReached, .tooManyAttempts, .rateLimited, .tooManyStreams: "Wait a little, then try again."
        case .unavailable: "Nothing was done. Try again in a moment."
        case .outcomeUnknown: "Look whether it happened before you try again."
        case .defect: "Try again. If it stays, tell whoever runs this server the request id."
        }
    }
}
