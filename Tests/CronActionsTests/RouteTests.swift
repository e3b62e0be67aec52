import CronModel
import CronSchedule
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    @Suite struct RouteTests {
        /// All wait for a connection when one of the dials fails. One attempt fails; the others have what they wait for.
        @Test func oneFailedDialEndsOneAttempt() async throws {
            let count = 20
            let held = Mutex<[any Channel]>([])
            // Each answer closes its connection, so that every request needs a dial.
            let receiver = try await TLSReceiver.start(offering: ["http/1.1"], closes: true) { channel, number in
                guard number > 1 else { return }
                let crowd = held.withLock { held -> [any Channel] in
                    held.append(channel)
                    return held.count == count ? held : []
                }
                try channel.syncOptions?.setOption(.autoRead, value: false)
                crowd.first?.close(promise: nil)
            }
            let action = try WebhookTLSTests.trustingAction()
            let url = "https://localhost:\(receiver.port)/"
            // Until it knows better, the pool expects HTTP/2 and dials once for all.
            #expect(await action.run(attempt(url)).kind == .success)
            await withTaskGroup(of: Outcome.self) { group in
                for _ in 0..<count { group.addTask { await action.run(attempt(url)) } }
                let failed = await group.next()
                #expect(failed?.reach == .nothingSent && failed?.verdict == .transient, "\(String(describing: failed))")
                for channel in held.withLock({ $0 }).dropFirst() {
                    channel.setOption(.autoRead, value: true).whenFailure { Issue.record($0) }
                }
                for await outcome in group { #expect(outcome.kind == .success, "\(outcome)") }
            }
            #expect(receiver.heads.withLock { $0.count } == count && receiver.accepted.withLock { $0 } == count + 1)
            await action.shutdown()
            try await receiver.stop()
        }

        @Test func aPlaceThatIsDownEndsAllThatWait() async throws {
            let receiver = try await Receiver.start(Receiver.ok())
            let url = receiver.url
            try await receiver.stop()
            let client = patientClient()
            try await withThrowingTaskGroup(of: Outcome.self) { group in
                for _ in 0..<500 { group.addTask { try await call(url, client) } }
                for try await outcome in group {
                    #expect(outcome.kind == .connectError && outcome.reach == .nothingSent)
                    #expect(outcome.error?.hasPrefix("connection refused by ") == true)
                }
            }
            await client.shutdown()
        }

        @Test func aFailureEndsTheFirstToHearOfIt() {
            let log = DialLog()
            let before = log.failures
            #expect(log.endsAttempt(failuresBefore: before))
            #expect(!log.endsAttempt(failuresBefore: before) && !log.endsAttempt(failuresBefore: before))
            #expect(log.endsAttempt(failuresBefore: log.failures))
        }

        @Test func manyFailuresInARowEndAll() {
            let log = DialLog()
            let before = log.failures
            for _ in 1..<DialLog.failuresInARow { #expect(log.endsAttempt(failuresBefore: log.failures)) }
            #expect(!log.endsAttempt(failuresBefore: before))
            log.succeeded()
            #expect(log.endsAttempt(failuresBefore: log.failures))
            #expect(!log.endsAttempt(failuresBefore: before))
            for _ in 1..<DialLog.failuresInARow { #expect(log.endsAttempt(failuresBefore: log.failures)) }
            #expect(log.endsAttempt(failuresBefore: before))
        }

        @Test func keepsAFewIdleRoutesAndThoseInUse() async throws {
            let routes = Routes(
                addresses: nothingAllowed, attempts: AttemptsInFlight(), logger: Logger(label: "test"))
            let keys = try (0..<Routes.idleLimit + 50).map {
                RouteKey(url: try WebhookURL("https://h\($0).example/").origin, address: .v4(UInt32($0)))
            }
            let inUse = try #require(routes.take(keys[0]))
            for key in keys.dropFirst() {
                _ = routes.take(key)
                routes.giveBack(key)
            }
            #expect(routes.count == Routes.idleLimit)
            #expect(routes.take(keys[0])?.client === inUse.client)
            await routes.shutdown()
            #expect(routes.take(keys[0]) == nil && routes.isShutDown)
        }

        /// What was given up cannot leave any more, and one of several dials at most may send.
        @Test func oneDialMayWrite() throws {
            let limits = WebhookLimits(connect: .seconds(9), read: nil, total: .seconds(9))
            let progress = AttemptProgress(eventLoop: EmbeddedEventLoop(), limits: limits)
            progress.beginAddress()
            #expect(progress.beginDial("a") && progress.endDial() && progress.beginDial("b"))
            #expect(!progress.mayWrite("a"))
            #expect(progress.giveUpAddress())
            #expect(!progress.mayWrite("b") && !progress.beginDial("c"))
            progress.beginAddress()
            #expect(progress.beginDial("d") && progress.mayWrite("d") && !progress.mayWrite("d"))
            #expect(!progress.giveUpAddress() && !progress.endDial() && !progress.beginDial("e"))
            #expect(progress.end() == .maybeSent)
        }
    }
}
