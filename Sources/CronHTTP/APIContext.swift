import CronModel
package import Hummingbird
import Logging
import NIOCore

/// What is known of one request on its way through the routes.
package struct APIContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The peer's address, for throttling and logs.
    var address: String
    /// Set by the authenticator.
    var userID: UserID?
    /// Set by the first middleware; answered in `X-Request-Id` and in every problem.
    var requestID = ""

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }

    /// The signed-in user.
    /// - Throws: 401 on routes outside the authenticator, which is a defect of the route table.
    func user() throws -> UserID {
        guard let userID else { throw APIError.unauthorized("sign in first") }
        return userID
    }
}
