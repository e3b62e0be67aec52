import GRDB

/// Every step of the schema, oldest first. Steps are never changed once released, only added; each is one transaction.
enum Migrations {
    static let all: [(name: String, sql: String)] = [("v001", v001), ("v002", v002), ("v003", v003), ("v004", v004)]

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (name, sql) in all {
            migrator.registerMigration(name) { database in try database.execute(sql: sql) }
        }
        return migrator
    }
}
