import CronModel
import CronSchedule
import PostgresClient

/// Runs as the parameters of one statement, each column an array: a statement for each run would cap a node near 2,000
/// runs a second.
struct RunArrays {
    let ids, jobs, users: PostgresArray<PostgresUUID>
    let slots, dues, fences: PostgresArray<Int64>
    let firstStarts, deadlines, attemptFences, starts, finishes: PostgresArray<Int64?>
    let attempts, bases: PostgresArray<Int32>
    let outcomes: PostgresArray<Int32?>
    let origins, statuses, flags: PostgresArray<Int16>
    let reasons: PostgresArray<Int16?>
    let owners, attemptNodes: PostgresArray<PostgresUUID?>
    let zones: PostgresArray<String>
    let keys, details, extras: PostgresArray<String?>
    let events: PostgresArray<[UInt8]>

    init(_ runs: [Run]) {
        ids = runs.map(\.id).uuids()
        jobs = runs.map(\.jobID).uuids()
        users = runs.map(\.userID).uuids()
        slots = PostgresArray(runs.map(\.scheduledFor.microseconds))
        dues = PostgresArray(runs.map(\.dueAt.microseconds))
        fences = PostgresArray(runs.map(\.fence))
        firstStarts = PostgresArray(runs.map { $0.firstStartedAt?.microseconds })
        deadlines = PostgresArray(runs.map { $0.runDeadline?.microseconds })
        attemptFences = PostgresArray(runs.map { $0.current?.fence })
        starts = PostgresArray(runs.map { $0.current?.startedAt.microseconds })
        finishes = PostgresArray(runs.map { $0.current?.finishedAt?.microseconds })
        attempts = PostgresArray(runs.map { Int32(clamping: $0.attempt) })
        bases = PostgresArray(runs.map { Int32(clamping: $0.budgetBase) })
        outcomes = PostgresArray(runs.map { ($0.current?.outcome?.storedCode).map { Int32(clamping: $0) } })
        origins = PostgresArray(runs.map { Int16($0.origin.rawValue) })
        statuses = PostgresArray(runs.map { Int16($0.status.rawValue) })
        flags = PostgresArray(runs.map { Int16(clamping: $0.storedFlags) })
        reasons = PostgresArray(runs.map { $0.reason.map { Int16($0.rawValue) } })
        owners = PostgresArray(runs.map { $0.owner?.uuid })
        attemptNodes = PostgresArray(runs.map { $0.current?.node.uuid })
        zones = PostgresArray(runs.map(\.zone))
        keys = PostgresArray(runs.map(\.blockedOn))
        details = PostgresArray(runs.map { $0.current?.outcome?.storedDetail })
        extras = PostgresArray(runs.map(\.storedExtra))
        events = PostgresArray(runs.map(\.log.bytes))
    }
}
