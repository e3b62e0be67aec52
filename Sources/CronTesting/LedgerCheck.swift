package import CronModel
package import CronSchedule

/// What the rows of any store must say, whatever happened. Each check answers what is wrong.
package enum LedgerCheck {
    /// More slots than this are not looked at one by one.
    private static let slotLimit = 2_000

    /// A run took only legal edges, each from where the one before it had led.
    package static func path(of run: Run) -> [String] {
        var problems: [String] = []
        func expect(_ holds: Bool, _ what: String) { if !holds { problems.append("run \(run.id): \(what)") } }
        let events = run.events
        expect(events.first?.from == nil && events.first?.to == .pending, "its path does not begin as PENDING")
        for (before, after) in zip(events, events.dropFirst()) {
            expect(after.from == before.to, "its path has a gap after \(before.to.name)")
            expect(RunStateMachine.allows(before.to, to: after.to), "\(before.to.name) → \(after.to.name)")
            expect(after.fence >= before.fence, "its fence went down at \(after.to.name)")
        }
        expect(events.last?.to == run.status, "it is \(run.status.name), its path says otherwise")
        expect(
            (run.owner != nil) == run.status.isClaimed, "\(run.status.name) with owner \(String(describing: run.owner))"
        )
        expect((run.runDeadline != nil) == (run.status == .running), "\(run.status.name) and its deadline disagree")
        expect(
            run.blockedOn == nil || run.status == .pending || run.status == .retrying, "\(run.status.name) but parked")
        return problems
    }

    /// No run lies on a slot beyond the cursor, where planning would meet it; no two rows hold one slot. (A job that was
    /// edited may keep rows of its former schedule beyond the edit.)
    /// - Parameter rows: the job's runs of the schedule, by `scheduledFor`.
    package static func slots(of job: Job, _ rows: [Run]) -> [String] {
        var problems: [String] = []
        var lastEnds: [String: Instant] = [:]
        for row in rows {
            if row.lastSlot > job.cursor, job.state == .active || !job.schedule.isOneShot, job.hasSlot(row) {
                problems.append("\(job.definition.name): slot \(row.lastSlot) lies beyond the cursor \(job.cursor)")
            }
            let lastEnd = lastEnds[row.zone] ?? Instant(microseconds: .min)
            if row.scheduledFor <= lastEnd {
                problems.append("\(job.definition.name): slot \(row.scheduledFor) is held twice")
            }
            lastEnds[row.zone] = max(lastEnd, row.lastSlot)
        }
        return problems
    }

    /// Every slot in (since, through] has its row or lies in a range, and a range tells how many it holds.
    package static func coverage(of job: Job, _ rows: [Run], after since: Instant, through: Instant) -> [String] {
        guard job.slotCount(after: since, through: through) <= slotLimit else { return [] }
        return job.zones.flatMap { zone in
            coverage(of: job, zone, rows.filter { $0.zone == zone.zone }, after: since, through: through)
        }
    }

    private static func coverage(
        of job: Job, _ zone: ZoneSlots, _ rows: [Run], after since: Instant, through: Instant
    ) -> [String] {
        var problems: [String] = []
        let held = rows.filter { $0.lastSlot > since && $0.scheduledFor <= through }
        var slot = since
        var next = held.startIndex
        while let found = zone.nextSlot(after: slot, of: job.definition), found <= through {
            slot = found
            while next < held.endIndex, held[next].lastSlot < found { next += 1 }
            if next == held.endIndex || held[next].scheduledFor > found {
                problems.append(
                    "\(job.definition.name): slot \(found) \(zone.zone) was lost (accounted for up to \(through))")
            }
        }
        for range in held where range.skippedCount != nil && range.scheduledFor > since && range.lastSlot <= through {
            let count = zone.count(
                after: range.scheduledFor - Span(microseconds: 1), through: range.lastSlot, of: job.definition)
            if range.skippedCount != count {
                problems.append("\(job.definition.name): a range of \(count) slots says \(range.skippedCount ?? 0)")
            }
        }
        return problems
    }
}

extension Job {
    fileprivate func hasSlot(_ row: Run) -> Bool {
        zones(at: row.lastSlot).contains { zone in
            zone.zone == row.zone
                && zone.nextSlot(after: row.lastSlot - Span(microseconds: 1), of: definition) == row.lastSlot
        }
    }
}
