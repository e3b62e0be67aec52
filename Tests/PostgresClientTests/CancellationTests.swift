import Testing

@testable import PostgresClient

/// A server that never hangs up keeps few threads.
@Suite struct CancellationTests {
    @Test func oneAddressHasFewAndAllHaveALimit() {
        let cancellations = Cancellations()
        let first = (0..<10).map { _ in cancellations.begin(at: "192.0.2.1", of: nil) }
        #expect(first.count { $0 } == Cancellations.mostAtOneAddress)
        #expect(cancellations.begin(at: "192.0.2.2", of: nil))
        cancellations.end(at: "192.0.2.1", of: nil)
        #expect(cancellations.begin(at: "192.0.2.1", of: nil) && !cancellations.begin(at: "192.0.2.1", of: nil))
        let others = (0..<1_000).map { cancellations.begin(at: "2001:db8::\($0)", of: nil) }
        #expect(others.count { $0 } == Cancellations.most - Cancellations.mostAtOneAddress - 1)
    }

    /// Who has many servers that never hang up leaves the others theirs.
    @Test func oneOwnerHasFewHoweverManyAddresses() {
        let cancellations = Cancellations()
        let first = (0..<100).map { cancellations.begin(at: "2001:db8::\($0)", of: "ann") }
        #expect(first.count { $0 } == Cancellations.mostOfOneOwner)
        #expect(cancellations.begin(at: "2001:db8::1", of: "bob") && cancellations.begin(at: "2001:db8::1", of: nil))
        cancellations.end(at: "2001:db8::0", of: "ann")
        #expect(cancellations.begin(at: "2001:db8::2", of: "ann") && !cancellations.begin(at: "2001:db8::3", of: "ann"))
    }

    @Test func aStatementIsCancelledWhileThereIsRoom() async throws {
        let connection = try await Mode.session.connect()
        let statement = Task { try await connection.query("SELECT pg_sleep(60)").rowCount }
        let beside = try await Mode.session.connect()
        let running: PostgresQuery = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
        while try await beside.query(running).rowCount == 0 {}
        connection.cancelStatement()
        await #expect(throws: PostgresError.self) { try await statement.value }
    }
}
