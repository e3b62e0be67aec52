import CronModel
import CronSchedule
import Synchronization

/// The system clock, moved back while jobs are created so that their slots are due when it is moved forward again.
final class BenchClock: EngineClock {
    private let system = SystemClock()
    private let offset = Mutex(Span.zero)

    var now: Instant { system.now + offset.withLock { $0 } }
    var uptime: Span { system.uptime }
    func wait(until instant: Instant) async { await system.wait(until: instant - offset.withLock { $0 }) }
    func move(to offset: Span) { self.offset.withLock { $0 = offset } }
}

/// Notes when each run's action began; itself it does nothing, or what another runner does.
final class BenchRunner: ActionRunner {
    let type = "bench"
    let secretFields: Set<String> = []
    private let clock: BenchClock
    private let inner: (any ActionRunner)?
    private let delays = Mutex<[Int64]>([])

    init(clock: BenchClock, inner: (any ActionRunner)?, expected: Int) {
        self.clock = clock
        self.inner = inner
        delays.withLock { $0.reserveCapacity(expected) }
    }

    func validate(_ definition: ActionDefinition) -> [FieldProblem] { [] }

    func run(_ attempt: AttemptContext) async -> Outcome {
        let delay = (clock.now - attempt.scheduledFor).microseconds
        delays.withLock { $0.append(delay) }
        return await inner?.run(attempt) ?? .success
    }

    var count: Int { delays.withLock { $0.count } }
    /// Microseconds from slot to action, in order of size.
    var sortedDelays: [Int64] { delays.withLock { $0 }.sorted() }
}
