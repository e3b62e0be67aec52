import CronModel
import CronSchedule

/// A condition of a search with what is bound in it. Only those that were asked for are written, so that each search can
/// use its index.
struct Condition: Sendable {
    let sql: String
    private let bind: @Sendable (SQLStatement) -> Void

    init(_ sql: String, _ bind: @escaping @Sendable (SQLStatement) -> Void = { _ in }) {
        self.sql = sql
        self.bind = bind
    }

    static func range(_ column: String, _ range: InstantRange) -> [Condition] {
        var conditions: [Condition] = []
        if let from = range.from { conditions.append(Condition("\(column) >= ?") { $0.bind(from) }) }
        if let to = range.to { conditions.append(Condition("\(column) < ?") { $0.bind(to) }) }
        return conditions
    }

    /// Of jobs, which are `j`.
    static func kind(tag: String?, type: String?) -> [Condition] {
        var conditions: [Condition] = []
        if let type { conditions.append(Condition("j.type = ?") { $0.bind(type) }) }
        if let tag {
            let hasTag = "EXISTS (SELECT 1 FROM json_each(j.definition, '$.tags') WHERE json_each.value = ?)"
            conditions.append(Condition(hasTag) { $0.bind(tag) })
        }
        return conditions
    }

    /// Written out: SQLite takes fewer parameters than a request may name ids.
    static func ids<Kind>(_ column: String, _ ids: [Identifier<Kind>]) -> Condition {
        let blobs = ids.map { "x'\($0.description.filter { $0 != "-" })'" }
        return Condition("\(column) IN (\(blobs.joined(separator: ",")))")
    }

    func apply(to statement: SQLStatement) { bind(statement) }
}

extension [Condition] {
    var sql: String { map(\.sql).joined(separator: " AND ") }
}

extension SQLStatement {
    func bind(_ conditions: [Condition]) -> SQLStatement {
        for condition in conditions { condition.apply(to: self) }
        return self
    }
}
