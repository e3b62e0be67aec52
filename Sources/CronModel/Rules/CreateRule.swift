package import CronSchedule

/// The first commit of a job.
package enum CreateRule {
    /// The new job and, for a one-shot, its run. Every slot strictly after `now` belongs to it.
    package static func create(
        _ definition: JobDefinition, id: JobID, userID: UserID, now: Instant, random: inout RandomSource
    ) throws(ChangeRefusal) -> JobChangeResult {
        do {
            let zones = try ZoneSlots.parse(definition, id: id, anchor: now, now: now)
            for zone in zones where zone.schedule.neverFires {
                throw ChangeRefusal.invalid(FieldProblem(neverFires: zone.schedule))
            }
            var job = try Job(
                id: id, userID: userID, definition: definition, anchor: now, state: .active, cursor: now,
                createdAt: now, updatedAt: now, version: 1)
            var runs: [Run] = []
            if job.schedule.isOneShot {
                runs = try job.planOneShot(now: now, random: &random)
            } else {
                PlanRule.advance(&job, past: now)
            }
            guard job.nextSlot != nil || !runs.isEmpty || job.schedule.kind == .reboot else {
                throw ChangeRefusal.invalid(
                    FieldProblem(field: "schedule", message: "never fires: no time of it lies in the job's window"))
            }
            var result = JobChangeResult(job: job)
            result.inserted = runs
            return result
        } catch let refusal as ChangeRefusal {
            throw refusal
        } catch let error as ScheduleError {
            throw .invalid(FieldProblem(schedule: error))
        } catch let illegal as IllegalTransition {
            throw .defect(illegal)
        } catch {
            throw .conflict("\(error)")
        }
    }
}

extension Job {
    /// Inserts a one-shot's run at once, so that it can be seen, cancelled and found late like any other.
    /// - Parameter isAgain: a moment in the past was accounted for before; its new run is one of `now`.
    mutating func planOneShot(
        now: Instant, taken: Set<ZonedSlot> = [], isAgain: Bool = false, random: inout RandomSource
    ) throws(IllegalTransition) -> [Run] {
        nextSlot = nil
        var runs: [Run] = []
        for zone in zones {
            guard let moment = zone.schedule.oneShotInstant else { continue }
            if let startAt = definition.startAt, moment < startAt { continue }
            if let endAt = definition.endAt, moment >= endAt { continue }
            var slot = ZonedSlot(at: isAgain ? max(moment, now) : moment, zone: zone.zone)
            while taken.contains(slot) { slot.at = slot.at + Span(microseconds: 1) }
            var run = PlanRule.run(self, slot: slot, now: now, catchUp: moment <= now, random: &random)
            if moment <= now { run.dueAt = now }
            cursor = max(cursor, now, slot.at)
            plannedRuns += 1
            runs.append(run)
        }
        return runs
    }

    /// An active job with no slot and no run left is finished.
    package mutating func finishIfDone(hasLiveRuns: Bool) {
        if state == .active, nextSlot == nil, !hasLiveRuns, schedule.kind != .reboot { state = .finished }
    }
}

extension FieldProblem {
    /// A schedule's problem as the field that holds it: a zone named inside the schedule has a column there.
    package init(schedule error: ScheduleError) {
        let isZoneOption = error.kind == .zone && error.column == nil
        var message = error.message
        if error.kind == .past, let end = message.firstIndex(of: ";") {
            message = message[..<end] + "; set \"run_if_past\" to true to run it at once"
        }
        self.init(field: isZoneOption ? "timezone" : "schedule", message: message, column: error.column)
    }

    package init(neverFires schedule: Schedule) {
        self.init(
            field: "schedule", message: schedule.neverFiresReason ?? "never fires", column: schedule.neverFiresColumn)
    }
}
