import CronModel
import CronSchedule
import PostgresClient

/// Rows read as the model's types.
extension PostgresRow {
    func instant(_ column: Int) throws -> Instant { Instant(microseconds: try int(column)) }
    func instantOrNil(_ column: Int) throws -> Instant? {
        try intOrNil(column).map { Instant(microseconds: $0) }
    }

    func id<Kind>(_ column: Int, of kind: Kind.Type = Kind.self) throws -> Identifier<Kind> {
        let uuid = try uuid(column)
        return Identifier(high: uuid.high, low: uuid.low)
    }

    func idOrNil<Kind>(_ column: Int) throws -> Identifier<Kind>? {
        try uuidOrNil(column).map { Identifier(high: $0.high, low: $0.low) }
    }
}

extension PostgresResult {
    func all<Value>(_ read: (PostgresRow) throws -> Value) rethrows -> [Value] { try rows.map(read) }
    func first<Value>(_ read: (PostgresRow) throws -> Value) rethrows -> Value? { try rows.first.map(read) }
}

extension Identifier {
    var uuid: PostgresUUID { PostgresUUID(high: high, low: low) }
}

extension Sequence {
    func uuids<Kind>() -> PostgresArray<PostgresUUID> where Element == Identifier<Kind> {
        PostgresArray(map(\.uuid))
    }
}
