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

    mutating func check(_ views: [JobView], _ runs: [Run]) {
        for run in runs {
            expectNone(LedgerCheck.path(of: run))
            checkAgainstLastLook(run)
        }
        let byJob = Dictionary(grouping: runs, by: \.jobID)
        for view in views {
            let planned = (byJob[view.job.id] ?? []).filter { $0.origin == .schedule }
            expectNone(LedgerCheck.slots(of: view.job, planned))
            let since = epoch(of: view.job)
            // A job with `max_runs` has no slots after its last.
            guard view.job.definition.maxRuns == nil, !wasPruned else { continue }
            expectNone(LedgerCheck.coverage(of: view.job, planned, after: since, through: view.job.cursor))
        }
    }

    private func expectNone(_ problems: [String]) {
        for problem in problems { Issue.record(Comment(rawValue: problem)) }
    }

    private mutating func checkAgainstLastLook(_ run: Run) {
        if let before = seen.updateValue(run, forKey: run.id) {
            #expect(run.fence >= before.fence, "run \(run.id): a fence went down")
            #expect(run.attempt >= before.attempt, "run \(run.id): an attempt was lost")
            if before.status.isFinal { #expect(run == before, "run \(run.id) changed after its end") }
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
