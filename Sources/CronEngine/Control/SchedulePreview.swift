package import CronModel
import CronSchedule

/// When a schedule would fire, before there is a job.
package struct SchedulePreview: Sendable {
    package static let countLimit = 1_000
    package static let standardCount = 10

    /// The answer's JSON: kind, zone, explanation, next, days, notices, never_fires, and the id that `H` was read with.
    package let json: JSONValue
    package let week: ScheduleWeek

    private init(_ schedule: Schedule, id: JobID, slots: [ZonedSlot], week: ScheduleWeek) {
        self.week = week
        var notices = schedule.notices
        if let reason = schedule.neverFiresReason { notices.append(reason) }
        json = .object([
            "id": .string(id.description),
            "kind": .string(schedule.kind.name),
            "zone": .string(schedule.zone),
            "explanation": .string(schedule.explanation()),
            "next": .array(slots.map { Self.shown($0.at, zone: $0.zone) }),
            "days": week.json,
            "notices": .array(notices.map { .string($0) }),
            "never_fires": .bool(schedule.neverFires),
        ])
    }

    private static func shown(_ instant: Instant, zone: String) -> JSONValue {
        let local = try? ZoneCatalog.localTime(of: instant, in: zone)
        return .object([
            "instant": .string(instant.description),
            "local": local.map { .string($0.text) } ?? .null,
            "zone": .string(zone),
        ])
    }
}

extension JobControl {
    package func preview(_ json: JSONValue) throws(ControlError) -> SchedulePreview {
        guard json.objectValue != nil else { throw .invalid("", "must be an object, not \(json.kindName)") }
        return try SchedulePreview.read(json, now: store.clock.now)
    }
}

extension SchedulePreview {
    static func read(_ json: JSONValue, now: Instant) throws(ControlError) -> SchedulePreview {
        var random = RandomSource()
        let id = try JobRequest.id(json) ?? JobID(at: now, using: &random)
        var reader = FieldReader(json.objectValue ?? [:])
        var definition = JobDefinition(name: "", schedule: "", action: ActionDefinition(type: "", fields: [:]))
        if let text = reader.string("schedule", limit: 65_536) {
            definition.schedule = text
        } else if reader.problems.isEmpty {
            reader.refuse("schedule", "is required")
        }
        definition.timezone = reader.string("timezone", limit: 100) ?? definition.timezone
        definition.timezones = reader.timezones()
        definition.dialect = reader.choice("dialect", Schedule.Dialect.self) ?? definition.dialect
        definition.dstGap = reader.choice("dst_gap", Schedule.DSTGap.self) ?? definition.dstGap
        definition.dstFold = reader.choice("dst_fold", Schedule.DSTFold.self) ?? definition.dstFold
        definition.runIfPast = reader.bool("run_if_past") ?? false
        let after = reader.instant("after")
        let count = reader.integer("count", in: 1...countLimit) ?? standardCount
        reader.refuseUnknown(besides: ["id"])
        guard reader.problems.isEmpty else { throw .invalid(reader.problems) }
        let zones: [ZoneSlots]
        do throws(FieldProblem) { zones = try ZoneSlots.checked(definition, id: id, now: now) } catch {
            throw .invalid([error])
        }
        // Each zone's own next ones hold the next of all.
        let slots = zones.flatMap { zone in
            instants(zone.schedule, after: after, now: now, count: count).map {
                ZonedSlot(at: $0, zone: zone.schedule.zone)
            }
        }
        return SchedulePreview(
            zones[0].schedule, id: id, slots: Array(slots.sorted().prefix(count)),
            week: ScheduleWeek(zones, after: after ?? now))
    }

    /// A one-shot is shown even if it is past or now, since that is when it would run; later ones only after `after`.
    private static func instants(_ schedule: Schedule, after: Instant?, now: Instant, count: Int) -> [Instant] {
        guard let moment = schedule.oneShotInstant else {
            return schedule.upcoming(after: after ?? now, count: count)
        }
        if let after, moment <= after { return [] }
        return [moment]
    }
}
