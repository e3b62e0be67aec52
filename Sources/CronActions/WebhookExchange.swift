import CronModel
import NIOHTTP1

/// What became of one request.
struct WebhookExchange: Sendable {
    var reach: Outcome.Reach
    /// The address dialled last.
    var address: IPAddress?
    var status: HTTPResponseStatus?
    var headers = HTTPHeaders()
    var output = OutputCapture()
    var failure: (any Error)?
    /// The limit that ended it, when one did.
    var expiry: AttemptProgress.Expiry?
    /// The client was closing as the request failed.
    var isShutDown = false

    init(reach: Outcome.Reach, failure: (any Error)? = nil) {
        self.reach = reach
        self.failure = failure
    }
}
