import CronEngine
import CronModel
import HTTPTypes
import Hummingbird

/// What happens, while it happens.
struct EventRoutes: Sendable {
    let events: any EventChannel
    let jobs: JobControl
    let clock: any EngineClock
    let signIn: SignIn
    let slots = EventSlots()

    /// Server-sent events, until the access token expires or is good no more.
    @Sendable func stream(_ request: APIRequest) async throws -> Response {
        let access = try request.access
        var query = request.query
        let job = query.id("job_id", of: JobKind.self)
        try query.finish()
        if let job { _ = try await jobs.read(job, owner: access.user.space) }
        let slot = try slots.take(for: access.user.id)
        let watch = events.watch(
            EventInterest(owner: access.user.space, job: job), after: request.http.headers[.lastEventID])
        let stream = EventStream(
            watch: watch, slot: slot, until: access.until, clock: clock, body: request.http.body,
            channel: request.context.channel, isAllowed: stillAllowed(request.http.headers))
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store",
                // Reading until the client goes leaves nothing that a next request could be read from.
                .connection: "close",
            ],
            body: ResponseBody { try await stream.write(to: &$0) })
    }

    /// Whether whoever asked may still watch. A store that cannot say ends no stream.
    private func stillAllowed(_ headers: HTTPFields) -> @Sendable () async -> Bool {
        { [signIn] in
            do {
                return try await signIn.check(headers).allows(Permission(.jobs, .read))
            } catch let problem as Problem {
                return problem.kind != .unauthenticated
            } catch {
                return true
            }
        }
    }
}
