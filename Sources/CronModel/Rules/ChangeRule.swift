package import CronSchedule

/// T7: edit, pause, resume, delete, trigger. The caller holds the job's lock and its live runs', has waited until no
/// RUNNING run is due in the future, and has read `now` after that.
package struct ChangeRule {
    /// Slots that an edit turns into rows ahead of their time.
    package static let slotsAheadLimit = PlanRule.runsPerPass
    /// Due slots that a change itself plans. A job with more, after an outage, is planned first.
    package static let slotsBehindLimit = 10 * PlanRule.runsPerPass

    private var result: JobChangeResult
    private var live: [Run]
    private let now: Instant
    /// Slots of rows that stay as they are, from `now` on.
    private let taken: Set<ZonedSlot>
    private var random: RandomSource

    private init(job: Job, live: [Run], ended: [ZonedSlot], now: Instant, random: RandomSource) {
        result = JobChangeResult(job: job)
        self.live = live
        self.now = now
        self.random = random
        taken = Set(ended).union(live.lazy.filter { !Self.isWithdrawable($0, now: now) }.map(\.slot))
    }

    /// - Parameters:
    ///   - live: the job's waiting and RUNNING runs.
    ///   - ended: the slots of its ended runs, DEAD ones too, that are not before `now`: one that a person cancelled
    ///      ahead of its time must not be planned a second time.
    ///   - now: the instant that divides what is due from what is still to come.
    package static func apply(
        _ change: JobChange, to job: Job, live: [Run], ended: [ZonedSlot] = [], now: Instant, random: inout RandomSource
    ) throws(ChangeRefusal) -> JobChangeResult {
        var rule = ChangeRule(job: job, live: live, ended: ended, now: now, random: random)
        do {
            try rule.apply(change)
        } catch let illegal as IllegalTransition {
            throw .defect(illegal)
        } catch let refusal as ChangeRefusal {
            throw refusal
        } catch let error as ScheduleError {
            throw .invalid(FieldProblem(schedule: error))
        } catch {
            throw .conflict("\(error)")
        }
        random = rule.random
        return rule.result
    }

    private mutating func apply(_ change: JobChange) throws {
        switch change {
        case .trigger(let payload): trigger(payload)
        case .cancelRuns: try cancelRuns()
        case .edit(let definition, let rearm): try edit(definition, rearm: rearm)
        case .pause: try stop(.paused, reason: nil)
        case .disable(let reason): try stop(.disabled, reason: reason)
        case .resume(let policy): try resume(policy ?? result.job.definition.resume)
        case .delete: try delete()
        }
    }
}

// MARK: - The changes

extension ChangeRule {
    private mutating func trigger(_ payload: JSONValue?) {
        let moment = result.job.momentBesideSlots(now, taken: Set(taken.map(\.at)))
        var run = Run(
            id: RunID(at: now, using: &random), job: result.job, origin: .trigger, scheduledFor: moment, dueAt: now,
            at: now)
        run.payload = payload
        result.inserted.append(run)
    }

    private mutating func cancelRuns() throws {
        for var run in live {
            try PersonRule.cancel(&run, now: now)
            result.updated.append(run)
        }
        live = []
        result.job.finishIfDone(hasLiveRuns: result.updated.contains { $0.status == .running })
    }

    private mutating func edit(_ definition: JobDefinition, rearm: Bool) throws {
        let old = result.job
        let restarts = rearm || old.definition.schedule != definition.schedule
        let anchor = restarts ? now : old.anchor
        let asksNow =
            restarts || old.definition.timezone != definition.timezone || old.definition.timezones != definition.timezones
        let zones = try ZoneSlots.parse(definition, id: old.id, anchor: anchor, now: asksNow ? now : nil)
        let keepsSlots =
            !rearm
            && (old.definition.hasSameSlots(as: definition) || Self.areSamePastMoments(old.zones, zones, now))
        if !keepsSlots { try Self.refuseNever(zones) }
        // The slots of a pause stay open for its resume unless they cease to be slots.
        if old.state == .active || !keepsSlots { try account() }
        result.job.version += 1
        result.job.updatedAt = now
        try result.job.define(definition, anchor: anchor)
        if keepsSlots {
            try keepWaiting(live, under: old)
            reopenForMaxRuns(old)
        } else {
            let due = try settleDue(try withdrawFuture(), under: old)
            if old.schedule.isOneShot { try cancelWaiting(due, under: old) } else { try keepWaiting(due, under: old) }
            // Runs that are due were counted before; the new count begins with what is planned from now on.
            if rearm { result.job.plannedRuns = 0 }
            try restartSlots()
        }
        result.job.finishIfDone(hasLiveRuns: hasLiveRuns)
    }

    private mutating func stop(_ state: JobState, reason: String?) throws {
        guard result.job.state != state else { return }
        guard result.job.state != .finished else { throw ChangeRefusal.conflict("the job is finished") }
        guard result.job.state == .active else { return touch(state, reason: reason) }
        try account()
        for var run in try withdrawFuture() where run.status.isWaiting && run.needsActiveJob {
            run.blockedOn = nil
            try run.move(to: .skipped, reason: .paused, at: now, raisesFence: true)
            result.updated.append(run)
        }
        try skipInserted(.paused)
        touch(state, reason: reason)
        result.job.cursor = now
        // The slots are what they were, so that no row lies further ahead than planning goes.
        try fillUpToKept(.paused, limit: .max)
        result.job.nextSlot = nil
    }

    private mutating func resume(_ policy: ResumePolicy) throws {
        guard result.job.state == .paused || result.job.state == .disabled else {
            if result.job.state == .finished { throw ChangeRefusal.conflict("the job is finished") }
            return
        }
        touch(.active, reason: nil)
        var fired: [ZonedSlot] = []
        for zone in result.job.zones {
            let slots = pausedSlots(of: zone, policy)
            result.inserted += try PlanRule.skipRange(
                result.job, zone, after: result.job.cursor,
                through: slots.first.map { $0.at - Span(microseconds: 1) } ?? now, reason: .paused, now: now,
                random: &random)
            fired += slots
        }
        for slot in fired.sorted() where PlanRule.hasRunsLeft(result.job) {
            result.inserted.append(PlanRule.run(result.job, slot: slot, now: now, catchUp: true, random: &random))
            result.job.plannedRuns += 1
        }
        PlanRule.advance(&result.job, past: now)
        result.job.finishIfDone(hasLiveRuns: hasLiveRuns)
    }

    private mutating func delete() throws {
        try account()
        for var run in try withdrawFuture() where run.status.isWaiting {
            run.blockedOn = nil
            try run.move(to: .skipped, reason: .deleted, at: now, raisesFence: true)
            result.updated.append(run)
        }
        try skipInserted(.deleted)
        result.job.version += 1
        result.job.updatedAt = now
        result.job.deletedAt = now
        result.job.cursor = max(result.job.cursor, now)
        result.job.nextSlot = nil
    }
}

// MARK: - The steps

extension ChangeRule {
    /// Accounts for the slots in (cursor, now] under the old definition: planning that was late must neither lose nor
    /// cancel what was due.
    private mutating func account() throws {
        switch result.job.state {
        case .active:
            result.inserted += try PlanRule.plan(
                &result.job, through: now, now: now, limit: Self.slotsBehindLimit, random: &random)
            if let next = result.job.nextSlot, next <= now { throw Self.behind(since: next) }
        case .paused, .disabled:
            result.inserted += try PlanRule.skipRanges(
                result.job, after: result.job.cursor, through: now, reason: .paused, now: now, random: &random)
            result.job.cursor = max(result.job.cursor, now)
        case .finished:
            break
        }
    }

    private static func behind(since slot: Instant) -> ChangeRefusal {
        .conflict(
            "the job's runs since \(slot) are still being planned, more than \(slotsBehindLimit); try again in a moment")
    }

    private static func isWithdrawable(_ run: Run, now: Instant) -> Bool {
        run.status.isWaiting && run.attempt == 0 && run.origin == .schedule && run.scheduledFor > now
    }

    /// A one-shot whose moment has come and stays the same has nothing left to move: it would fire a second time.
    private static func areSamePastMoments(_ old: [ZoneSlots], _ new: [ZoneSlots], _ now: Instant) -> Bool {
        guard old.map(\.zone) == new.map(\.zone) else { return false }
        return zip(old, new).allSatisfy { old, new in
            guard let moment = new.schedule.oneShotInstant, moment <= now else { return false }
            return old.schedule.oneShotInstant == moment
        }
    }

    private var hasLiveRuns: Bool {
        let updated = Dictionary(
            result.updated.map { ($0.id, $0.status.isLive) }, uniquingKeysWith: { _, last in last })
        let withdrawn = Set(result.withdrawn)
        return result.inserted.contains { $0.status.isLive }
            || live.contains { updated[$0.id] ?? !withdrawn.contains($0.id) }
    }

    /// Rows beyond `now` that stay (cancelled ahead of their time, started early) and lie on slots keep the cursor at the
    /// last of them; the other slots up to there get their rows now, as skipped ones while the job is stopped. Those that
    /// lie on no slot, as a one-shot's does when the job becomes a recurring one, are in nobody's way.
    private mutating func fillUpToKept(_ skipped: RunReason?, limit: Int) throws {
        guard let last = taken.filter({ $0.at > now && isSlot($0) }).max()?.at else { return }
        var filled = 0
        while skipped != nil || PlanRule.hasRunsLeft(result.job),
            let slot = result.job.nextSlot(after: result.job.cursor), slot <= last
        {
            result.job.cursor = slot
            for zone in result.job.zones(at: slot) {
                let slot = ZonedSlot(at: slot, zone: zone.zone)
                guard !taken.contains(slot) else { continue }
                filled += 1
                // A one-shot of 2099, cancelled and made to fire every 5 minutes, asked for 7.6 million rows at once.
                guard filled <= limit else { throw Self.tooFarAhead(last) }
                var row = PlanRule.run(result.job, slot: slot, now: now, catchUp: false, random: &random)
                if let skipped {
                    try row.move(to: .skipped, reason: skipped, at: now)
                } else {
                    result.job.plannedRuns += 1
                }
                result.inserted.append(row)
            }
        }
        result.job.cursor = max(result.job.cursor, last)
    }

    private func isSlot(_ slot: ZonedSlot) -> Bool {
        let before = slot.at - Span(microseconds: 1)
        return result.job.zones.contains {
            $0.zone == slot.zone && $0.nextSlot(after: before, of: result.job.definition) == slot.at
        }
    }

    private static func tooFarAhead(_ last: Instant) -> ChangeRefusal {
        .conflict(
            "a run of the job's for \(last) has ended or started ahead of its time, and more than \(slotsAheadLimit) "
                + "of the new schedule's slots lie before it; give this schedule to a new job")
    }

    /// Takes the misfire decision on due runs before their slots change: judged by the new ones, the newest late run
    /// could give way to a slot that never was one.
    private mutating func settleDue(_ runs: [Run], under old: Job) throws -> [Run] {
        for index in result.inserted.indices where result.inserted[index].status == .pending {
            result.inserted[index].catchUp = true
        }
        var settled: [Run] = []
        for var run in runs {
            if run.status.isWaiting, let reason = ClaimRule.ending(run, job: old, now: now) {
                run.blockedOn = nil
                try run.move(to: .skipped, reason: reason, at: now, raisesFence: true)
                result.updated.append(run)
            } else {
                if run.status.isWaiting { run.catchUp = true }
                settled.append(run)
            }
        }
        return settled
    }

    /// Takes back what was planned for the future and never tried; answers the other live runs.
    private mutating func withdrawFuture() throws -> [Run] {
        var kept: [Run] = []
        for run in live {
            if Self.isWithdrawable(run, now: now) {
                result.withdrawn.append(run.id)
                result.job.plannedRuns -= 1
            } else {
                kept.append(run)
            }
        }
        return kept
    }

    /// Waiting runs carry the new definition. Parked ones are asked again whether they may start: the overlap rule may
    /// be another one now.
    private mutating func keepWaiting(_ runs: [Run], under old: Job) throws {
        for var run in runs where run.status.isWaiting {
            if run.blockedOn != nil {
                run.blockedOn = nil
                run.catchUp = true
            }
            if old.rateKey(of: run) != rateKey(of: run) {
                run.hasTurn = false
                if run.isDue(by: .rateLimited) { run.dueAt = min(run.dueAt, now) }
            }
            // It may be for another host now.
            if run.isDue(by: .hostBusy) { run.dueAt = min(run.dueAt, now) }
            run.concurrencyKey = result.job.definition.concurrencyKey
            try run.move(to: run.waitingStatus, reason: .edited, at: now, raisesFence: true)
            result.updated.append(run)
        }
    }

    /// Under the new definition.
    private func rateKey(of run: Run) -> RateKey? {
        var run = run
        run.concurrencyKey = result.job.definition.concurrencyKey
        return result.job.rateKey(of: run)
    }

    /// A one-shot that moves takes its waiting run along; what a person asked for stays.
    private mutating func cancelWaiting(_ runs: [Run], under old: Job) throws {
        try keepWaiting(runs.filter { !$0.needsActiveJob }, under: old)
        for var run in runs where run.status.isWaiting && run.needsActiveJob {
            run.blockedOn = nil
            try run.move(to: .cancelled, reason: .edited, at: now, raisesFence: true)
            result.updated.append(run)
        }
        try skipInserted(nil)
    }

    /// Rows that `account` planned a moment ago end like the waiting ones; nil cancels them as edited.
    private mutating func skipInserted(_ reason: RunReason?) throws {
        for index in result.inserted.indices where result.inserted[index].status == .pending {
            try result.inserted[index].move(
                to: reason == nil ? .cancelled : .skipped, reason: reason ?? .edited, at: now)
        }
    }

    private mutating func restartSlots() throws {
        if result.job.state == .finished { result.job.state = .active }
        result.job.cursor = now
        guard result.job.state == .active else {
            // The moment of a stopped one-shot stays open for its resume.
            if !result.job.schedule.isOneShot { try fillUpToKept(.paused, limit: Self.slotsAheadLimit) }
            return
        }
        if result.job.schedule.isOneShot {
            result.inserted += try result.job.planOneShot(now: now, taken: taken, isAgain: true, random: &random)
            // A moment that a person cancelled ahead of its time may lie beyond the new one.
            result.job.cursor = max(result.job.cursor, taken.max()?.at ?? now)
        } else {
            try fillUpToKept(nil, limit: Self.slotsAheadLimit)
            PlanRule.advance(&result.job, past: now)
        }
    }

    /// A job that had used up its runs goes on when it is given more.
    private mutating func reopenForMaxRuns(_ old: Job) {
        guard old.definition.maxRuns != result.job.definition.maxRuns, !result.job.schedule.isOneShot else { return }
        switch result.job.state {
        case .active, .finished:
            let wasFinished = result.job.state == .finished
            if wasFinished { result.job.cursor = max(result.job.cursor, now) }
            PlanRule.advance(&result.job, past: result.job.cursor)
            if wasFinished, result.job.nextSlot != nil { result.job.state = .active }
        case .paused, .disabled:
            break
        }
    }

    private func pausedSlots(of zone: ZoneSlots, _ policy: ResumePolicy) -> [ZonedSlot] {
        let definition = result.job.definition
        switch policy {
        case .none: return []
        case .last: return zone.newest(after: result.job.cursor, through: now, limit: 1, of: definition)
        case .all:
            return zone.newest(
                after: max(result.job.cursor, now - definition.misfire.catchupWindow), through: now,
                limit: definition.misfire.catchupLimit(zones: result.job.zones.count), of: definition)
        }
    }

    private mutating func touch(_ state: JobState, reason: String?) {
        result.job.version += 1
        result.job.updatedAt = now
        result.job.state = state
        result.job.stateReason = reason
    }

    private static func refuseNever(_ zones: [ZoneSlots]) throws(ChangeRefusal) {
        for zone in zones where zone.schedule.neverFires { throw .invalid(FieldProblem(neverFires: zone.schedule)) }
    }
}
