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
    let slots = StreamSlots(of: "events", mostOfUser: Self.mostOfUser, mostOfNode: Self.mostOfNode)

    static let mostOfUser = 8
    static let mostOfNode = 1_000

    @Sendable func stream(_ request: APIRequest) async throws -> Response {
        let access = try request.access
        var query = request.query
        let job = query.id("job_id", of: JobKind.self)
        try query.finish()
        if let job { _ = try await jobs.read(job, owner: access.user.space) }
        let slot = try slots.take(for: access.user.id)
        let watch = events.watch(
            EventInterest(owner: access.user.space, job: job), after: request.http.headers[.lastEventID])
        let headers = request.http.headers
        return request.stream(EventText(watch: watch), slot: slot, access, clock: clock) {
            await signIn.stillAllows(Permission(.jobs, .read), headers)
        }
    }
}

extension APIRequest {
    /// Server-sent events, until the access token expires or is good no more.
    func stream(
        _ source: any StreamSource, slot: StreamSlot, _ access: SignedIn, clock: any EngineClock,
        isAllowed: @escaping @Sendable () async -> Bool
    ) -> Response {
        let stream = EventStream(
            source: source, slot: slot, until: access.until, clock: clock, body: http.body, channel: context.channel,
            isAllowed: isAllowed)
        return Response(
            status: .ok, headers: EventStream.headers, body: ResponseBody { try await stream.write(to: &$0) })
    }
}

extension SignIn {
    /// Whether whoever asked may still. A store that cannot say ends no stream.
    func stillAllows(_ permission: Permission, _ headers: HTTPFields) async -> Bool {
        do {
            return try await check(headers).allows(permission)
        } catch let problem as Problem {
            return problem.kind != .unauthenticated
        } catch {
            return true
        }
    }
}
