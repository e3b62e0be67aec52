import CronModel
import CronSchedule

extension ZoneSlots {
    /// A request's schedule in each of its zones, or what is wrong with it and where.
    static func checked(
        _ definition: JobDefinition, id: JobID, now: Instant, asksNow: Bool = true
    ) throws(FieldProblem) -> [ZoneSlots] {
        let named = definition.timezones.isEmpty ? [definition.timezone] : definition.timezones
        if !definition.timezones.isEmpty, !ZoneCatalog.exists(definition.timezone) {
            throw FieldProblem(field: "timezone", message: "\"\(definition.timezone)\" is not a time zone")
        }
        var zones: [ZoneSlots] = []
        for (index, zone) in named.enumerated() {
            do throws(ScheduleError) {
                let schedule = try parse(definition, in: zone, id: id, anchor: now, now: asksNow ? now : nil)
                zones.append(ZoneSlots(zone: definition.timezones.isEmpty ? "" : zone, schedule: schedule))
            } catch {
                var problem = FieldProblem(schedule: error)
                if problem.field == "timezone", !definition.timezones.isEmpty { problem.field = "timezones[\(index)]" }
                throw problem
            }
        }
        if !definition.timezones.isEmpty, let problem = problem(inSeveral: zones[0].schedule) { throw problem }
        return zones
    }

    /// Why a schedule cannot be read in several zones.
    private static func problem(inSeveral schedule: Schedule) -> FieldProblem? {
        if schedule.hasZonePrefix {
            return FieldProblem(field: "schedule", message: "names a zone itself; leave it out, or timezones")
        }
        switch schedule.kind {
        case .cron, .at: return nil
        case .every, .delay, .reboot:
            return FieldProblem(
                field: "timezones", message: "this schedule means the same moments in every zone; leave them out")
        }
    }
}
