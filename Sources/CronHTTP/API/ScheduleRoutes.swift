import CronModel
import CronSchedule
import Hummingbird

/// `/schedules/preview`: what a schedule means, before it is saved.
struct ScheduleRoutes {
    static let countLimit = 1_000

    let clock: any EngineClock

    func add(to group: RouterGroup<APIContext>) {
        group.post("/schedules/preview", use: preview)
    }

    @Sendable private func preview(_ request: Request, _ context: APIContext) async throws -> Response {
        let (json, _) = try await JSONBody.read(request)
        let now = clock.now
        var reader = FieldReader(json.objectValue ?? [:])
        var options = Schedule.Options(timezone: reader.string("timezone") ?? "UTC")
        options.dialect = reader.choice("dialect", Schedule.Dialect.self) ?? .cronpp
        options.dstGap = reader.choice("dst_gap", Schedule.DSTGap.self) ?? .shift
        options.dstFold = reader.choice("dst_fold", Schedule.DSTFold.self) ?? .first
        options.allowPast = reader.bool("run_if_past") ?? false
        let id = reader.string("id")
        let after = reader.instant("after") ?? now
        let count = reader.integer("count", in: 1...Self.countLimit) ?? 10
        let text = reader.string("schedule", limit: 65_536)
        if text == nil, !reader.problems.contains(where: { $0.field == "schedule" }) {
            reader.refuse("schedule", "is required")
        }
        if let id, JobID(id) == nil { reader.refuse("id", "must be a UUID") }
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let text else { throw APIError.invalid(reader.problems) }
        options.anchor = now
        options.now = now
        // Without an id `H` previews as some job would run it.
        options.jobID = (id ?? "00000000-0000-0000-0000-000000000000").lowercased()
        do throws(ScheduleError) {
            return JSONAnswer.response(
                try Self.answer(try Schedule(text, options: options), after: after, count: count))
        } catch {
            throw APIError.invalid([FieldProblem(schedule: error)])
        }
    }

    private static func answer(_ schedule: Schedule, after: Instant, count: Int) throws(ScheduleError) -> JSONValue {
        var next: [JSONValue] = []
        for instant in schedule.upcoming(after: after, count: count) {
            let local = try ZoneCatalog.localTime(of: instant, in: schedule.zone)
            next.append(
                .object([
                    "instant": .string(instant.description), "local": .string(local.text),
                    "zone": .string(schedule.zone),
                ]))
        }
        return .object([
            "kind": .string(schedule.kind.name), "zone": .string(schedule.zone),
            "explanation": .string(schedule.explanation()), "next": .array(next),
            "notices": .array(schedule.notices.map { .string($0) }), "never_fires": .bool(schedule.neverFires),
            "never_fires_reason": schedule.neverFiresReason.map { .string($0) } ?? .null,
        ])
    }
}
