import CronModel
import HTTPTypes
import Hummingbird
import Logging

/// Gives each request an id, the client's own if it has a sound one, for the log and the answer.
struct RequestIdentity: RouterMiddleware {
    static let longest = 64

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let id = Self.sound(request.headers[.requestID]) ?? Base64.url.text(RandomBytes.make(12))
        context.requestID = id
        context.logger[metadataKey: "request_id"] = .string(id)
        var response = try await next(request, context)
        response.headers[.requestID] = id
        return response
    }

    private static func sound(_ id: String?) -> String? {
        guard let id, (1...longest).contains(id.utf8.count) else { return nil }
        let isSound = id.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
        return isSound ? id : nil
    }
}

/// Tells on every response which node has answered.
struct NodeHeader: RouterMiddleware {
    let node: @Sendable () -> NodeID

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.cronppNode] = node().description
        // Nothing may be taken for what it is not said to be.
        response.headers[.xContentTypeOptions] = "nosniff"
        return response
    }
}
