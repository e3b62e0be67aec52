package import CronModel
import CronSchedule

/// Connections, as people define them.
package struct ConnectionSetting: SettingKind {
    package let kind = Resource.Kind.connection
    package let secretFields: Set<String> = ["password"]
    package let placeFields: Set<String> = ["driver", "host", "port", "tls", "ca_certificate"]
    package let schema = ConnectionDefinition.schema
    package let selector: String? = "driver"
    package let variants = ConnectionDefinition.variants

    package let example = JSONValue.object([
        "driver": .string("postgres"), "host": .string("db.example.com"), "database": .string("shop"),
        "user": .string("cronpp"), "password": .string("s3cr3t-s3cr3t"),
    ])

    private static let testLimits = SQLLimits(total: .seconds(10), statement: .seconds(5), lock: .seconds(2))

    /// Tests of one space at once: each has a thread and a connection.
    private static let testsAtOnce = 4

    private let databases: Databases
    private let places = Slots<UserID>()

    package init(databases: Databases) {
        self.databases = databases
    }

    package func validate(_ fields: [String: JSONValue]) -> [FieldProblem] {
        FieldProblems.found { () throws(FieldProblems) in _ = try databases.definition(fields) }
    }

    package func tryOut(
        _ fields: [String: JSONValue], of space: UserID, hiding: @escaping @Sendable (String) -> String
    ) async -> SettingTest {
        let driver: any SQLDriver
        do throws(FieldProblems) {
            driver = databases.driver(for: try databases.definition(fields), of: space)
        } catch {
            return SettingTest(error.all)
        }
        let test = await places.take(space, of: Self.testsAtOnce) {
            do throws(SQLFailure) {
                let facts = try await driver.test(limits: Self.testLimits)
                return SettingTest(isUsable: true, message: "connected", facts: facts)
            } catch {
                return SettingTest(isUsable: false, message: BoundedText.message(hiding(error.message)))
            }
        }
        return test ?? SettingTest(isUsable: false, message: "cancelled")
    }
}

extension ConnectionDefinition {
    /// Its fields for the API's document.
    static let schema = Schema.object([
        .required("driver", .choice(Driver.self), "Which kind of database; of the other fields each has its own."),
        .field("host", .string(1...253), "PostgreSQL: a name or an address; private ones only where the operator allows them."),
        .field("port", .integer(1...65_535), default: .integer(5_432)),
        .field("database", .string(1...maxNameBytes)),
        .field("user", .string(1...maxNameBytes)),
        .field("password", .string(0...maxPasswordBytes), "Never shown again."),
        .field(
            "tls", .choice(TLSMode.self), default: .string(TLSMode.verifyFull.rawValue),
            "`verify-full`: the certificate is for this host and from somebody whom this node believes."),
        .field("ca_certificate", .string(0...TLSFields.maxRootBytes), "PEM; whom to believe in place of the system's roots."),
        .field(
            "max_connections", .integer(connectionCounts), default: .integer(Int64(standardMaxConnections)),
            "Attempts of one node that use it at once; others wait for them."),
        .field("file", .string(1...255), "SQLite: the name of a file in the directory that the operator has set aside."),
    ])

    static let variants = [
        SettingVariant(name: Driver.postgres.rawValue, members: members { !["driver", "file"].contains($0) }),
        SettingVariant(name: Driver.sqlite.rawValue, members: members { ["file", "max_connections"].contains($0) }.reversed()),
    ]

    private static func members(_ isOwn: (String) -> Bool) -> [Schema.Member] {
        schema.members.filter { isOwn($0.name) }
    }
}
