import CronModel
import CronSchedule
import Hummingbird

/// What happens, for pages that are open: the events of the API, for whoever has the cookie.
struct LivePages: Sendable {
    let events: any EventChannel
    let outputs: OutputRoutes
    let clock: any EngineClock
    let identities: Identities
    let slots = StreamSlots(of: "events", mostOfUser: EventRoutes.mostOfUser, mostOfNode: EventRoutes.mostOfNode)

    @Sendable func stream(_ request: WebRequest) async throws -> WebReply {
        let access = try request.base.access
        var query = request.query
        let pages = query.string("after")
        try query.finish()
        let slot = try slots.take(for: access.user.id)
        let watch = events.watch(
            // A browser that comes back by itself knows better than the page.
            EventInterest(owner: access.user.space), after: request.http.headers[.lastEventID] ?? pages)
        let stream = EventStream(
            source: EventText(watch: watch), slot: slot, until: access.until, clock: clock, body: request.http.body,
            channel: request.context.channel, isAllowed: { await isStillSignedIn(request.session) })
        return .response(
            Response(status: .ok, headers: EventStream.headers, body: ResponseBody { try await stream.write(to: &$0) }))
    }

    /// What a run's attempts write, for its page.
    @Sendable func output(_ request: WebRequest) async throws -> WebReply {
        .response(try await outputs.stream(request.base) { await isStillSignedIn(request.session) })
    }

    /// A store that cannot say ends no stream.
    private func isStillSignedIn(_ session: WebSession?) async -> Bool {
        guard let session else { return false }
        do {
            let found = try await identities.find(.session(session.family))
            return found?.allows(Permission(.jobs, .read)) ?? false
        } catch {
            return true
        }
    }
}
