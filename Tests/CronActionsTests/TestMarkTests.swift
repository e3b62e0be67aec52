import CronModel
import CronSchedule
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    /// An action that is tested is done for real: whoever hears of it is told that it is a test.
    @Suite struct TestMarkTests {
        @Test func aRequestCarriesItAndTellsHowFarItGot() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                _ = await action.run(attempt(receiver.url))
                let marks = Mutex<[AttemptMark]>([])
                var context = attempt(receiver.url)
                context.isTest = true
                context.reached = { mark in marks.withLock { $0.append(mark) } }
                #expect(await action.run(context).kind == .success)
                #expect(receiver.requests.map { $0["Cronpp-Test"] } == [nil, "true"])
                #expect(marks.withLock { $0 } == [.resolved, .sent, .answered])
            }
        }

        @Test func whatCannotBeReachedGetsNoFurther() async throws {
            let action = makeAction(allowed: [])
            let marks = Mutex<[AttemptMark]>([])
            var context = attempt("http://localhost:9/")
            context.reached = { mark in marks.withLock { $0.append(mark) } }
            let outcome = await action.run(context)
            await action.shutdown()
            #expect(outcome.kind == .permanent && outcome.reach == .nothingSent, "\(outcome)")
            #expect(marks.withLock { $0 }.isEmpty)
        }

        @Test func aMessageAndItsProblemBeginWithIt() throws {
            var context = attempt("http://127.0.0.1/")
            context.action = ActionDefinition(
                type: "alert",
                fields: [
                    "channel": .string("ops"), "title": .string("Backup"), "message": .string("m"),
                    "problem": .string("backup"),
                ])
            context.settings[.channel, "ops"] = Channels.all("https://example.com")["slack"]
            context.isTest = true
            let work = try AlertWork(try AlertDefinition(context.action), context, addresses: Channels.guardian)
            let message = try work.message(for: work.postings[0], at: fixedNow)
            #expect(message.title == "[TEST] Backup" && message.problem == "[TEST] backup" && message.text == "m")
            #expect(message.facts["test"] == .bool(true))
        }

        @Test func aProgramFindsIt() {
            var context = attempt("http://127.0.0.1/")
            let environment = CommandEnvironment([:])
            #expect(environment.variables(of: context, user: nil, own: [:])["CRONPP_TEST"] == nil)
            context.isTest = true
            #expect(environment.variables(of: context, user: nil, own: [:])["CRONPP_TEST"] == "1")
        }
    }
}
