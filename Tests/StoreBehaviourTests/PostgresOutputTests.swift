import CronModel
import CronSchedule
import CronStorePostgres
import CronTesting
import PostgresClient
import PostgresServer
import Testing

/// Output of running attempts on its way from node to node.
@Suite struct PostgresOutputTests {
    private static let ann = UserID(high: 1, low: 1)
    private static let (a, b) = (RunID(high: 2, low: 1), RunID(high: 2, low: 2))

    private func withBoard(
        _ pooling: PostgresConfig.Pooling, _ body: (PostgresOutputs, TestClock) async throws -> Void
    ) async throws {
        let url = try await StoreDriver.apart {
            let url = try PostgresServer.shared.freshDatabase()
            return pooling == .session ? url : try PostgresServer.shared.bouncerURL(url)
        }
        let clock = TestClock()
        let store = try await PostgresStore.open(
            PostgresConfig(url: url, pooling: pooling), poolSize: 2, system: clock, fixedClock: clock, isDurable: false)
        try await body(store.outputs, clock)
        await store.close()
    }

    private func post(_ run: RunID, _ start: Int64, _ text: String, fence: Int64 = 1, isLast: Bool = false)
        -> OutputPost
    {
        OutputPost(
            key: OutputKey(run: run, fence: fence), space: Self.ann,
            piece: OutputPiece(start: start, end: start + Int64(text.utf8.count), text: text, isLast: isLast))
    }

    @Test(arguments: [PostgresConfig.Pooling.session, .transaction])
    func whoAsksIsHeardForAWhile(_ pooling: PostgresConfig.Pooling) async throws {
        try await withBoard(pooling) { board, clock in
            #expect(try await board.asked([Self.a, Self.b]).isEmpty)
            try await board.ask([Self.a: Self.ann, Self.b: Self.ann], for: .seconds(15))
            #expect(try await board.asked([Self.a]) == [Self.a])
            clock.advance(by: .seconds(10))
            try await board.ask([Self.a: Self.ann], for: .seconds(15))
            clock.advance(by: .seconds(10))
            #expect(try await board.asked([Self.a, Self.b]) == [Self.a])
            clock.advance(by: .seconds(5))
            try await board.prune()
            #expect(try await board.asked([Self.a, Self.b]).isEmpty)
        }
    }

    @Test(arguments: [PostgresConfig.Pooling.session, .transaction])
    func piecesAreReadInOrderFromAnyPlace(_ pooling: PostgresConfig.Pooling) async throws {
        try await withBoard(pooling) { board, clock in
            let key = OutputKey(run: Self.a, fence: 1)
            let pieces = [post(Self.a, 0, "ab\"\\é"), post(Self.a, 10, "cd"), post(Self.a, 12, "", isLast: true)]
            try await board.put(pieces + [post(Self.a, 0, "x", fence: 2), post(Self.b, 0, "y")])
            try await board.put(pieces)
            #expect(try await board.read([key: 0]) == pieces)
            #expect(try await board.read([key: 6]) == Array(pieces.dropFirst()))
            #expect(try await board.read([key: 12]) == [pieces[2]])
            #expect(try await board.read([key: 13]).isEmpty)
            let other = OutputKey(run: Self.b, fence: 1)
            #expect(try await board.read([key: 10, other: 0]).map(\.piece.text) == ["cd", "", "y"])
            #expect(try await board.read([:]).isEmpty)
            clock.advance(by: OutputLimit.boardLife)
            try await board.prune()
            #expect(try await board.read([key: 0, other: 0]).isEmpty)
        }
    }

    @Test func theNewestStay() async throws {
        try await withBoard(.session) { board, _ in
            let key = OutputKey(run: Self.a, fence: 1)
            let text = String(repeating: "x", count: OutputLimit.pieceBytes)
            for number in 0..<20 { try await board.put([post(Self.a, Int64(number * text.utf8.count), text)]) }
            let kept = try await board.read([key: 0])
            #expect(kept.count == OutputLimit.keptBytes / OutputLimit.pieceBytes + 1)
            #expect(kept.last?.piece.end == Int64(20 * text.utf8.count))
        }
    }

    @Test func aDatabaseThatIsAwayIsToldAsSuch() async throws {
        let url = try await StoreDriver.apart { try PostgresServer.shared.freshDatabase() }
        let clock = TestClock()
        let store = try await PostgresStore.open(
            PostgresConfig(url: url, pooling: .session), poolSize: 1, system: clock, fixedClock: clock, isDurable: false
        )
        let board = store.outputs
        await store.close()
        await #expect(throws: StoreError.self) { try await board.asked([Self.a]) }
    }
}
