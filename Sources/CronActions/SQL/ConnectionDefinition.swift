import CronModel

/// A connection's fields, read and checked: what a server is reached by, never a text that libpq would take apart, whose
/// other keys read files of this machine.
///
/// | member | default | meaning |
/// | --- | --- | --- |
/// | `driver` | | `postgres` or `sqlite` |
/// | `host` | | PostgreSQL: a name or an address, judged like a webhook's |
/// | `port` | `5432` | |
/// | `database`, `user`, `password` | | `password` is never shown again |
/// | `tls` | `verify-full` | or `require`, `disable` |
/// | `ca_certificate` | the system's | PEM; whom to believe in place of the system's roots |
/// | `max_connections` | `10` | attempts of one node that use it at once; others wait, within their timeouts |
/// | `file` | | SQLite: a file in the directory that the operator has set aside |
enum ConnectionDefinition: Sendable {
    case postgres(PostgresFields)
    case sqlite(SQLiteFields)

    struct PostgresFields: Hashable, Sendable {
        var host: HostLiteral
        var port: Int
        var database: String
        var user: String
        var password: String
        var tls: TLSMode
        var rootCertificates: String?
        var maxConnections: Int
    }

    struct SQLiteFields: Hashable, Sendable {
        /// Within the directory.
        var file: String
        var maxConnections: Int
    }

    enum TLSMode: String, CaseIterable, Sendable {
        case disable
        case require
        case verifyFull = "verify-full"
    }

    enum Driver: String, CaseIterable, Sendable {
        case postgres
        case sqlite
    }

    static let connectionCounts = 1...100
    static let standardMaxConnections = 10
    static let maxNameBytes = 63
    static let maxPasswordBytes = 1_024

    init(
        _ fields: [String: JSONValue], addresses: AddressGuard, files: SQLFiles?
    ) throws(FieldProblems) {
        var reader = FieldReader(fields)
        let driver = reader.choice("driver", Driver.self)
        if driver == nil, reader.value("driver") == nil { reader.refuse("driver", "is required") }
        let most = reader.integer("max_connections", in: Self.connectionCounts) ?? Self.standardMaxConnections
        var read: ConnectionDefinition?
        switch driver {
        case .postgres: read = Self.readPostgres(&reader, addresses, most)
        case .sqlite: read = Self.readSQLite(&reader, files, most)
        case nil: throw FieldProblems(reader.problems)
        }
        reader.refuseUnknown()
        guard let read, reader.problems.isEmpty else { throw FieldProblems(reader.problems) }
        self = read
    }

    private static func readPostgres(
        _ reader: inout FieldReader, _ addresses: AddressGuard, _ most: Int
    ) -> ConnectionDefinition? {
        let host = reader.requiredHost("host", addresses)
        let port = reader.integer("port", in: 1...65_535) ?? 5_432
        let database = required("database", &reader, limit: maxNameBytes)
        let user = required("user", &reader, limit: maxNameBytes)
        let password = reader.string("password", limit: maxPasswordBytes) ?? ""
        if password.utf8.contains(0) { reader.refuse("password", "holds U+0000") }
        let tls = reader.choice("tls", TLSMode.self) ?? .verifyFull
        let roots = reader.string("ca_certificate", limit: TLSFields.maxRootBytes)
        if let roots {
            if tls != .verifyFull { reader.refuse("ca_certificate", "is for \"tls\": \"verify-full\"") }
            _ = TLSFields.certificates(roots, "ca_certificate", limit: TLSFields.maxRootCertificates, &reader)
        }
        guard let host, let database, let user else { return nil }
        return .postgres(
            PostgresFields(
                host: host, port: port, database: database, user: user, password: password, tls: tls,
                rootCertificates: roots, maxConnections: most))
    }

    private static func readSQLite(
        _ reader: inout FieldReader, _ files: SQLFiles?, _ most: Int
    ) -> ConnectionDefinition? {
        guard let file = required("file", &reader, limit: 255) else { return nil }
        guard let files else {
            reader.refuse("driver", "\"sqlite\" needs a directory that the operator has set aside: CRONPP_SQL_FILES (SQL_FILES)")
            return nil
        }
        if let problem = files.problem(of: file) { reader.refuse("file", problem) }
        return .sqlite(SQLiteFields(file: file, maxConnections: most))
    }

    private static func required(_ field: String, _ reader: inout FieldReader, limit: Int) -> String? {
        guard let text = reader.string(field, limit: limit) else {
            if reader.value(field) == nil { reader.refuse(field, "is required") }
            return nil
        }
        guard !text.isEmpty, !text.utf8.contains(0) else {
            reader.refuse(field, "must not be empty, nor hold U+0000")
            return nil
        }
        return text
    }
}
