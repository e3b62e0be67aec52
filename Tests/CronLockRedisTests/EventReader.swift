import CronModel
import CronSchedule
import Synchronization

/// Takes a watch's events one by one; for one task at a time.
final class EventReader: Sendable {
    let watch: EventWatch
    private let taken = Mutex<[WatchedEvent]>([])

    init(_ watch: EventWatch) {
        self.watch = watch
    }

    /// Nil when the watch has ended.
    func next() async -> WatchedEvent? {
        while true {
            if let event = taken.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return event }
            guard let events = await watch.next() else { return nil }
            taken.withLock { $0 += events }
        }
    }

    /// The next that is no gap.
    func event() async -> LiveEvent? {
        while let next = await next() { if let event = next.event { return event } }
        return nil
    }
}

enum Events {
    static let ann = UserID(high: 1, low: 1)
    static let bob = UserID(high: 2, low: 2)
    static let job = JobID(high: 7, low: 7)
    static let at = Instant(seconds: 1_800_000_000)

    static func run(_ number: UInt64, of owner: UserID = ann, job: JobID = job) -> LiveEvent {
        LiveEvent(owner: owner, jobID: job, .run(RunID(high: 3, low: number), .success), at: at)
    }

    static func runs(_ numbers: some Sequence<UInt64>, of owner: UserID = ann) -> EventBatch {
        EventBatch(numbers.map { run($0, of: owner) })
    }
}

extension EventChannel {
    func watch(_ owner: UserID, after last: String? = nil) -> EventReader {
        EventReader(watch(EventInterest(owner: owner), after: last))
    }
}
