import Testing

@testable import PostgresClient

/// A server that never hangs up keeps few threads.
@Suite struct CancellationTests {
    @Test func oneAddressHasFewAndAllHaveALimit() {
        let cancellations = Cancellations()
        let first = (0..<10).map { _ in cancellations.begin(at: "192.0.2.1") }
        #expect(first.count { $0 } == Cancellations.mostAtOneAddress)
        #expect(cancellations.begin(at: "192.0.2.2"))
        cancellations.end(at: "192.0.2.1")
        #expect(cancellations.begin(at: "192.0.2.1") && !cancellations.begin(at: "192.0.2.1"))
        let others = (0..<1_000).map { cancellations.begin(at: "2001:db8::\($0)") }
        #expect(others.count { $0 } == Cancellations.most - Cancellations.mostAtOneAddress - 1)
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
