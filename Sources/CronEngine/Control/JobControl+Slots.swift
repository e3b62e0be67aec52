package import CronModel
package import CronSchedule

/// How many slots of active jobs lie in each of some stretches of time.
package struct SlotCounts: Sendable {
    package let counts: [Int]
    package let jobs: CountedJobs
}

/// The jobs that an answer about slots is made of.
package struct CountedJobs: Hashable, Sendable {
    package let count: Int
    /// There are more than were looked at.
    package let isCut: Bool
}

/// Slots of active jobs in the order of time, or only their number where they are too many.
package struct SlotList: Sendable {
    package let count: Int
    package let jobs: CountedJobs
    /// Those asked for; nil when there are more in all than are put in order.
    package let items: [JobSlot]?
}

/// One slot of a job.
package struct JobSlot: Sendable {
    package let at: Instant
    package let job: JobID
    package let name: String
    /// Of the schedule.
    package let zone: String
    /// The schedule in plain English.
    package let words: String
}

/// When the active jobs of a space fire, by their own schedules. What others are is no matter: they do not fire.
extension JobControl {
    /// Most jobs that one answer looks at, the oldest.
    package static let slotJobs = 10_000
    /// Most slots that are put in order.
    package static let slotLimit = 20_000

    /// - Parameters:
    ///   - query: which jobs; its order and limit do not matter.
    ///   - edges: where one stretch ends and the next begins, in order.
    package func slotCounts(_ query: JobQuery, edges: [Instant]) async throws(ControlError) -> SlotCounts {
        var counter = SlotCounter(edges: edges)
        let jobs = try await takeActive(query, &counter)
        return SlotCounts(counts: counter.counts, jobs: jobs)
    }

    /// The slots in `from..<to`.
    /// - Parameter places: those wanted, counted from 0 in the order of time.
    package func slots(
        _ query: JobQuery, from: Instant, to: Instant, places: Range<Int>
    ) async throws(ControlError) -> SlotList {
        var lister = SlotLister(from: from, to: to, limit: Self.slotLimit)
        let jobs = try await takeActive(query, &lister)
        return SlotList(count: lister.count, jobs: jobs, items: lister.items(places))
    }

    private func takeActive(_ query: JobQuery, _ taker: inout some SlotTaker) async throws(ControlError) -> CountedJobs {
        var query = query
        query.state = .active
        query.sort = .createdAt
        query.descending = false
        query.limit = min(PageLimit.most, Self.slotJobs)
        query.after = nil
        var count = 0
        while true {
            let page = try await ControlError.storing { [query] () async throws(StoreError) in
                try await store.jobs(query)
            }
            for view in page.items { taker.take(view.job) }
            count += page.items.count
            guard let next = page.next else { return CountedJobs(count: count, isCut: false) }
            guard count < Self.slotJobs else { return CountedJobs(count: count, isCut: true) }
            query.after = next
        }
    }
}

/// Puts the slots of many jobs in order, as long as they are not too many.
private struct SlotLister: SlotTaker {
    private static let tick = Span(microseconds: 1)

    let from: Instant
    let to: Instant
    let limit: Int
    private(set) var count = 0
    private var jobs: [(id: JobID, name: String, zones: [ZoneSlots])] = []
    private var slots: [(at: Instant, job: Int, zone: Int)] = []

    init(from: Instant, to: Instant, limit: Int) {
        self.from = from
        self.to = to
        self.limit = limit
    }

    mutating func take(_ job: Job) {
        let through = job.lastPlanned(through: to - Self.tick)
        let counts = job.zones.map { $0.count(after: from - Self.tick, through: through, of: job.definition) }
        let found = counts.reduce(0, +)
        guard found > 0 else { return }
        count += found
        guard count <= limit else {
            (jobs, slots) = ([], [])
            return
        }
        for (index, zone) in job.zones.enumerated() {
            var last = from - Self.tick
            while let slot = zone.nextSlot(after: last, of: job.definition), slot > last, slot <= through {
                slots.append((slot, jobs.count, index))
                last = slot
            }
        }
        jobs.append((job.id, job.definition.name, job.zones))
    }

    func items(_ places: Range<Int>) -> [JobSlot]? {
        guard count <= limit else { return nil }
        let inOrder = slots.sorted {
            ($0.at, jobs[$0.job].name, jobs[$0.job].id, $0.zone) < ($1.at, jobs[$1.job].name, jobs[$1.job].id, $1.zone)
        }
        return inOrder[places.clamped(to: 0..<inOrder.count)].map { slot in
            let job = jobs[slot.job]
            let schedule = job.zones[slot.zone].schedule
            return JobSlot(
                at: slot.at, job: job.id, name: job.name, zone: schedule.zone, words: schedule.explanation())
        }
    }
}
