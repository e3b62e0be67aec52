import CronModel
import CronSchedule
import CronTesting
import Testing

/// What holds after every transaction, whatever happened, and what holds between two looks at a store.
struct Invariants {
    /// Runs as they were seen last.
    private var seen: [RunID: Run] = [:]
    private var epochs: [JobID: Epoch] = [:]
    /// Old history was removed on purpose: its slots have no rows any more.
    var wasPruned = false

    /// Since when a job has had the slots that it has.
    private struct Epoch {
        var definition: JobDefinition
        var anchor: Instant
        var since: Instant
    }

    /// More slots than this are counted, not looked at one by one.
    private static let slotLimit = 2_000

    mutating func check(_ views: [JobView], _ runs: [Run]) {
        for run in runs {
            checkPath(run)
            checkAgainstLastLook(run)
        }
        let byJob = Dictionary(grouping: runs, by: \.jobID)
        for view in views {
            let planned = (byJob[view.job.id] ?? []).filter { $0.origin == .schedule }
            checkSlots(view.job, planned)
            checkCoverage(view.job, planned, since: epoch(of: view.job))
        }
    }

    private func checkPath(_ run: Run) {
        let events = run.events
        #expect(events.first?.from == nil && events.first?.to == .pending)
        var fence: Int64 = 0
        for (before, after) in zip(events, events.dropFirst()) {
            #expect(after.from == before.to, "run \(run.id)")
            #expect(RunStateMachine.allows(before.to, to: after.to), "\(before.to) → \(after.to)")
            #expect(after.fence >= fence, "fences never go down")
            fence = after.fence
        }
        #expect(events.last?.to == run.status)
        #expect((run.owner != nil) == run.status.isClaimed)
        #expect((run.runDeadline != nil) == (run.status == .running))
        #expect(run.blockedOn == nil || run.status == .pending || run.status == .retrying)
    }

    private mutating func checkAgainstLastLook(_ run: Run) {
        if let before = seen.updateValue(run, forKey: run.id) {
            #expect(run.fence >= before.fence, "run \(run.id): a fence went down")
            #expect(run.attempt >= before.attempt, "run \(run.id): an attempt was lost")
            if before.status.isFinal { #expect(run == before, "run \(run.id) changed after its end") }
        }
    }

    /// No run of the schedule lies beyond the cursor; no two rows hold one slot.
    private func checkSlots(_ job: Job, _ runs: [Run]) {
        var lastEnd = Instant(microseconds: .min)
        for run in runs {
            #expect(run.lastSlot <= job.cursor, "\(job.definition.name): slot \(run.lastSlot) beyond \(job.cursor)")
            #expect(run.scheduledFor > lastEnd, "\(job.definition.name): slot \(run.scheduledFor) is held twice")
            lastEnd = run.lastSlot
        }
    }

    /// Every slot up to the cursor has its row, or lies in a range. A job with `max_runs` has no slots after its last.
    private func checkCoverage(_ job: Job, _ runs: [Run], since: Instant) {
        guard job.definition.maxRuns == nil, !wasPruned else { return }
        let count = job.slotCount(after: since, through: job.cursor)
        let held = runs.filter { $0.lastSlot > since && $0.lastSlot <= job.cursor }
        guard count <= Self.slotLimit else { return }
        var slot = since
        var next = held.startIndex
        while let found = job.nextSlot(after: slot), found <= job.cursor {
            slot = found
            while next < held.endIndex, held[next].lastSlot < found { next += 1 }
            let isHeld = next < held.endIndex && held[next].scheduledFor <= found
            #expect(isHeld, "\(job.definition.name): slot \(found) up to the cursor \(job.cursor) was lost")
        }
        for range in held where range.skippedCount != nil && range.scheduledFor > since {
            let slots = job.slotCount(after: range.scheduledFor - Span(microseconds: 1), through: range.lastSlot)
            #expect(range.skippedCount == slots, "\(job.definition.name): a range tells a wrong number")
        }
    }

    private mutating func epoch(of job: Job) -> Instant {
        if let known = epochs[job.id], known.anchor == job.anchor, known.definition.hasSameSlots(as: job.definition) {
            return known.since
        }
        let since = job.version == 1 ? job.createdAt : job.updatedAt
        epochs[job.id] = Epoch(definition: job.definition, anchor: job.anchor, since: since)
        return since
    }
}

extension World {
    func checkInvariants() async throws {
        var query = JobQuery(owner: owner)
        query.limit = PageLimit.most
        var runs: [Run] = []
        var search = RunQuery(owner: owner)
        search.limit = PageLimit.most
        repeat {
            let page = try await store.runs(search)
            runs += page.items
            search.after = page.next
        } while search.after != nil
        invariants.check(try await store.jobs(query).items, runs)
    }
}
