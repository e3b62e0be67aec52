import CronModel
import CronSchedule
import PostgresClient

/// Runs as the parameters of one statement, each column an array: a statement for each run would cap a node near 2,000
/// runs a second. A column is made when a statement names it: a start and an end name about half of them.
struct RunArrays {
    private let runs: [Run]

    init(_ runs: [Run]) { self.runs = runs }

    private func column<Value: PostgresEncodable>(_ value: (Run) -> Value) -> PostgresArray<Value> {
        PostgresArray(runs.map(value))
    }

    var ids: PostgresArray<PostgresUUID> { column { $0.id.uuid } }
    var jobs: PostgresArray<PostgresUUID> { column { $0.jobID.uuid } }
    var users: PostgresArray<PostgresUUID> { column { $0.userID.uuid } }
    var slots: PostgresArray<Int64> { column { $0.scheduledFor.microseconds } }
    var dues: PostgresArray<Int64> { column { $0.dueAt.microseconds } }
    var fences: PostgresArray<Int64> { column { $0.fence } }
    var firstStarts: PostgresArray<Int64?> { column { $0.firstStartedAt?.microseconds } }
    var deadlines: PostgresArray<Int64?> { column { $0.runDeadline?.microseconds } }
    var attemptFences: PostgresArray<Int64?> { column { $0.current?.fence } }
    var starts: PostgresArray<Int64?> { column { $0.current?.startedAt.microseconds } }
    var finishes: PostgresArray<Int64?> { column { $0.current?.finishedAt?.microseconds } }
    var attempts: PostgresArray<Int32> { column { Int32(clamping: $0.attempt) } }
    var bases: PostgresArray<Int32> { column { Int32(clamping: $0.budgetBase) } }
    var outcomes: PostgresArray<Int32?> { column { ($0.current?.outcome?.storedCode).map { Int32(clamping: $0) } } }
    var origins: PostgresArray<Int16> { column { Int16($0.origin.rawValue) } }
    var statuses: PostgresArray<Int16> { column { Int16($0.status.rawValue) } }
    var reasons: PostgresArray<Int16?> { column { $0.reason.map { Int16($0.rawValue) } } }
    var flags: PostgresArray<Int16> { column { Int16(clamping: $0.storedFlags) } }
    var owners: PostgresArray<PostgresUUID?> { column { $0.owner?.uuid } }
    var attemptNodes: PostgresArray<PostgresUUID?> { column { $0.current?.node.uuid } }
    var zones: PostgresArray<String> { column { $0.zone } }
    var blocks: PostgresArray<String?> { column { $0.blockedOn } }
    var keys: PostgresArray<String?> { column { $0.concurrencyKey } }
    var details: PostgresArray<String?> { column { $0.current?.outcome?.storedDetail } }
    var extras: PostgresArray<String?> { column { $0.storedExtra } }
    var events: PostgresArray<[UInt8]> { column { $0.log.bytes } }
    /// When each ended.
    var endings: PostgresArray<Int64> { column { ($0.events.last?.at ?? $0.dueAt).microseconds } }
}
