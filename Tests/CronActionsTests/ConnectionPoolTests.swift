import CronModel
import CronSchedule
import NIOCore
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    @Suite struct ConnectionPoolTests {
        /// Holds its answers until `size` requests have come, then gives them all.
        final class Barrier: Sendable {
            private let waiting = Mutex<[any Channel]>([])
            private let size: Int

            init(_ size: Int) { self.size = size }

            func arrive(_ channel: any Channel) {
                let all = waiting.withLock { waiting -> [any Channel] in
                    waiting.append(channel)
                    guard waiting.count == size else { return [] }
                    defer { waiting = [] }
                    return waiting
                }
                for channel in all { channel.eventLoop.execute { channel.send(Receiver.response()) } }
            }
        }

        @Test func holdsAThousandInFlightAndReusesTheirConnections() async throws {
            let count = 1_000
            let barrier = Barrier(count)
            let client = patientClient()
            try await withReceiver({ _, channel in barrier.arrive(channel) }) { receiver, _ in
                for _ in 1...2 {
                    let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
                        for _ in 0..<count { group.addTask { try await call(receiver.url, client) } }
                        return try await group.reduce(into: [Outcome.Kind: Int]()) { $0[$1.kind, default: 0] += 1 }
                    }
                    #expect(outcomes == [.success: count])
                    #expect(receiver.accepted == count)
                }
                #expect(receiver.requests.count == 2 * count)
                #expect(receiver.requests.filter { $0.position == 2 }.count == count)
                await client.shutdown()
            }
        }

        /// A receiver that closes after each answer, without saying so. Its next request meets a fresh connection, or in the
        /// moment before the close is noticed a dying one: that attempt fails, and is not sent a second time.
        @Test func dialsAnewWhenThePooledConnectionWasClosed() async throws {
            try await withReceiver({ _, channel in channel.sendThenClose(Receiver.response()) }) { receiver, action in
                var kinds: [Outcome.Kind: Int] = [:]
                for _ in 1...50 { kinds[await action.run(attempt(receiver.url)).kind, default: 0] += 1 }
                #expect(Set(kinds.keys).isSubset(of: [.success, .connectError]))
                #expect(receiver.requests.count == kinds[.success])
                #expect(Set(receiver.requests.map { $0["traceparent"] }).count == receiver.requests.count)
            }
        }

        /// The receiver closes a reused connection as the request arrives: it may have been taken, so it is not sent again.
        @Test func sendsOnceOnAStaleConnection() async throws {
            let answer: Receiver.Answer = { request, channel in
                if request.position == 1 { channel.send(Receiver.response()) } else { channel.close(promise: nil) }
            }
            try await withReceiver(answer) { receiver, action in
                #expect(await action.run(attempt(receiver.url)).kind == .success)
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.kind == .connectError && outcome.verdict == .transient && outcome.reach == .maybeSent)
                #expect(receiver.requests.map(\.position) == [1, 2] && receiver.accepted == 1)
            }
        }

        /// An answer cut short leaves nothing behind that a later request could take for its own.
        @Test func neverMixesAnswers() async throws {
            let answer: Receiver.Answer = { request, channel in
                channel.send(
                    Receiver.response(
                        request["x-n"] ?? "", headers: request.position % 3 == 0 ? "Connection: close\r\n" : ""))
            }
            try await withReceiver(answer) { receiver, action in
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<300 {
                        group.addTask {
                            let fields: [String: JSONValue] = ["headers": .object(["x-n": .string("\(number)")])]
                            let outcome = await action.run(attempt(receiver.url, fields))
                            #expect(outcome.output == "\(number)")
                        }
                    }
                }
                #expect(receiver.requests.count == 300)
            }
        }

        @Test func cancelsAThousandAtOnce() async throws {
            let count = 500
            try await withReceiver({ _, _ in }) { receiver, action in
                let task = Task {
                    await withTaskGroup(of: Outcome.self) { group in
                        for _ in 0..<count { group.addTask { await action.run(attempt(receiver.url)) } }
                        return await group.reduce(into: [Outcome]()) { $0.append($1) }
                    }
                }
                var arrived = 0
                for await _ in receiver.arrivals {
                    arrived += 1
                    if arrived == count / 2 { break }
                }
                task.cancel()
                let outcomes = await task.value
                #expect(outcomes.allSatisfy { $0.kind == .cancelled })
                // What is said not to be sent was not received.
                #expect(receiver.requests.count <= outcomes.filter { $0.reach == .maybeSent }.count)
            }
        }
    }
}
