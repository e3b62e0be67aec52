import CronModel
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOPosix
import Testing

@testable import CronHTTP

/// The server on a real socket.
@Suite struct ListenerTests {
    private func withServer(_ test: @escaping @Sendable (HummingbirdTesting.TestClient) async throws -> Void)
        async throws
    {
        let bed = try await TestBed()
        let (ports, told) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let listener = bed.server.application(host: "127.0.0.1", port: 0, logger: TestBed.silence) {
                    told.yield($0)
                }
                try await listener.run()
            }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            #expect(port > 0)
            let client = HummingbirdTesting.TestClient(
                host: "127.0.0.1", port: port, eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton))
            client.connect()
            try await test(client)
            try await client.shutdown()
            group.cancelAll()
        }
    }

    @Test func aFreePortIsTakenAndAnswered() async throws {
        try await withServer { client in
            let live = try await client.get("/livez")
            #expect(live.status == .ok)
            #expect(live.headers[.cronppNode] == TestBed.node.description)
        }
    }

    @Test func aHugeBodyIsRefusedByItsLengthAlone() async throws {
        try await withServer { client in
            let body = ByteBuffer(repeating: 0x20, count: 10_000_000)
            let reply = try await client.post(
                "/api/v1/auth/login", headers: [.contentType: "application/json"], body: body)
            #expect(reply.status == .contentTooLarge)
            #expect(reply.headers[.contentType] == "application/problem+json")
            #expect(reply.headers[.connection] == "close")
        }
    }
}
