import PostgresClient
import PostgresServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
    @Test func notificationsArrive() async throws {
        let config = try Mode.session.config()
        let listener = try PostgresListener(config, channels: ["runs", "Odd \"name"])
        var events = listener.events.makeAsyncIterator()
        #expect(await events.next() == .connected)
        let connection = try await PostgresConnection.connect(config)
        _ = try await connection.pipeline([
            "SELECT pg_notify('runs', 'one')", "SELECT pg_notify('Odd \"name', 'two')", "NOTIFY elsewhere",
        ])
        #expect(await events.next() == .notification(channel: "runs", payload: "one"))
        #expect(await events.next() == .notification(channel: "Odd \"name", payload: "two"))
        listener.close()
        #expect(await events.next() == nil)
    }

    @Test func itConnectsAgainAndSaysSo() async throws {
        let config = try Mode.session.config { $0.applicationName = "listener" }
        let listener = try PostgresListener(config, channels: ["runs"])
        var events = listener.events.makeAsyncIterator()
        #expect(await events.next() == .connected)
        try PostgresServer.shared.psql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '\(config.database ?? "")'")
        guard case .disconnected(.connectionLost) = await events.next() else {
            Issue.record("no word of the loss")
            return
        }
        #expect(await events.next() == .connected)
        _ = try await PostgresConnection.connect(config).query("NOTIFY runs, 'again'")
        #expect(await events.next() == .notification(channel: "runs", payload: "again"))
        listener.close()
    }

    @Test func aListenerThatNobodyReadsEnds() async throws {
        let config = try Mode.session.config()
        let connection = try await PostgresConnection.connect(config)
        do {
            let listener = try PostgresListener(config, channels: ["runs"])
            let reading = Task { for await event in listener.events where event == .connected { return } }
            await reading.value
            listener.close()
        }
        let sessions: PostgresQuery = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        while try await connection.query(sessions).int(0, 0) != 1 {}
    }

    @Test func notThroughAPoolingProxy() async throws {
        let config = try Mode.transaction.config()
        #expect(throws: PostgresError.self) { try PostgresListener(config, channels: ["runs"]) }
    }
}
