import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HashTreeCollections
import HeapModule

/// A cluster in one thread and in virtual time: nodes, a database, people and faults, all moved by one random source, so
/// that a seed tells the whole story again.
final class Simulation {
    let seed: UInt64
    let plant: Plant?
    let clock = TestClock()
    let database: MemoryDatabase
    let checker: Checker
    var random: RandomSource
    /// Faults and people are over: what is left must come to an end.
    private(set) var isCalm = false
    private(set) var nodes: [SimulatedNode] = []
    private(set) lazy var line = StoreLine(self)
    private(set) lazy var people = People(self)
    private var agenda = Heap<Appointment>()
    private var lastNumber = 0
    /// What happened, when somebody wants to read it.
    private(set) var story: [String]?

    static let settings: EngineSettings = {
        var settings = EngineSettings()
        settings.lease = .seconds(3)
        settings.heartbeat = .milliseconds(900)
        settings.lead = .seconds(2)
        settings.poll = .milliseconds(500)
        settings.drain = .seconds(2)
        settings.concurrency = 8
        settings.claimLimit = 40
        settings.batchLimit = 5
        return settings
    }()

    /// Something that is done at an instant; those of one instant in the order in which they were arranged.
    private struct Appointment: Comparable {
        let at: Instant
        let number: Int
        let what: () -> Void

        static func < (left: Self, right: Self) -> Bool { (left.at, left.number) < (right.at, right.number) }
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    init(seed: UInt64, plant: Plant? = nil, isTold: Bool = false) {
        self.seed = seed
        self.plant = plant
        random = RandomSource(seed: seed)
        database = MemoryDatabase(clock: clock, kind: .cluster, lease: Self.settings.lease, seed: seed &* 31)
        checker = Checker(database)
        story = isTold ? [] : nil
    }

    /// One stormy stretch, then calm until everything that was begun has ended; answers what was violated.
    func run(nodes count: Int, storm: Span, calm limit: Span = .seconds(20)) -> [String] {
        nodes = (1...count).map { SimulatedNode(number: $0, in: self) }
        for node in nodes { node.boot() }
        people.begin()
        Faults(self).begin()
        pass(until: clock.now + storm)
        isCalm = true
        line.isDown = false
        for node in nodes { node.calm() }
        let end = clock.now
        repeat { pass(until: clock.now + .seconds(1)) } while clock.now < end + limit && checker.hasLive(since: end)
        checker.checkEnd(since: end)
        if !checker.violations.isEmpty { tellRuns() }
        agenda = Heap()
        return checker.violations
    }

    private func pass(until end: Instant) {
        while let next = agenda.min, next.at <= end, checker.violations.isEmpty {
            agenda.removeMin()
            clock.set(next.at)
            next.what()
        }
        clock.set(end)
    }

    func at(_ instant: Instant, _ what: @escaping () -> Void) {
        lastNumber += 1
        agenda.insert(Appointment(at: max(instant, clock.now), number: lastNumber, what: what))
    }

    func after(_ span: Span, _ what: @escaping () -> Void) { at(clock.now + span, what) }
}

// MARK: - Telling

extension Simulation {
    func tell(_ what: @autoclosure () -> String) {
        if story != nil { story?.append("\(clock.now): \(what())") }
    }

    /// Every run's path, as the database has it.
    func tellRuns() {
        for run in database.tables.runs.values.sorted(by: { ($0.jobID, $0.scheduledFor) < ($1.jobID, $1.scheduledFor) })
        {
            tell("\(run.id) of \(run.jobID): \(Story.line(run))")
        }
    }
}

// MARK: - Chance

extension Simulation {
    func chance(_ probability: Double) -> Bool { random.fraction() < probability }

    /// Never in calm weather.
    func strikes(_ probability: Double) -> Bool { chance(probability) && !isCalm }

    func span(_ range: ClosedRange<Double>) -> Span {
        Span(microseconds: Int64((range.lowerBound + (range.upperBound - range.lowerBound) * random.fraction()) * 1000))
    }

    func pick<Item>(_ items: [Item]) -> Item { items[Int(random.next() % UInt64(items.count))] }
}

/// A defect that the harness puts in, to see that the checker finds it.
enum Plant: CaseIterable {
    /// History goes at once, and the slots with it.
    case lostSlot
    /// An attempt is made twice.
    case doubledStart
    /// A node's effects come 20 ms ahead of its clock.
    case earlyStart
    /// An attempt uses the definition that its job had at first.
    case oldDefinition
    /// Outcomes never reach the store.
    case neverEnding
}
