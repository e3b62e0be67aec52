import CronModel
import CronSchedule
import HTTPTypes

/// How many requests a minute one account, key or address may make, counted by all nodes together where they can. Told
/// in the headers of draft-ietf-httpapi-ratelimit-headers.
struct RateLimit: Sendable {
    static let window = Span.minutes(1)

    let perMinute: Int
    let counter: any RateCounter

    /// Whose budget a request is taken from.
    static func key(_ signedIn: SignedIn) -> String {
        switch signedIn.means {
        case .apiKey(let id): "key:\(id)"
        case .session: "user:\(signedIn.user.id)"
        }
    }

    func admit(_ key: String) async throws(Problem) -> RateCount {
        let count = await counter.count("requests:\(key)", window: Self.window)
        guard count.uses > perMinute else { return count }
        var problem = Problem.refused(.rateLimited, "more than \(perMinute) requests a minute", for: count.endsIn)
        tell(count, in: &problem.headers)
        throw problem
    }

    func tell(_ count: RateCount, in headers: inout HTTPFields) {
        headers[.rateLimitPolicy] = "\"default\";q=\(perMinute);w=\(Self.window.microseconds / 1_000_000)"
        headers[.rateLimit] = "\"default\";r=\(max(0, perMinute - count.uses));t=\(count.endsIn.startedSeconds)"
    }
}
