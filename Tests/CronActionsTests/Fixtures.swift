import CronActions
import CronModel
import CronSchedule

/// A webhook action that may reach loopback, and attempts for it.
struct WebhookFixture {
    static let now = Instant(seconds: 1_800_000_000)
    let action: WebhookAction

    init(allowed: [String] = ["127.0.0.0/8"]) {
        let guardian = AddressGuard(allowed: allowed.compactMap { NetworkRange($0) })
        action = WebhookAction(addresses: guardian, userAgent: "cronpp/test", now: { Self.now })
    }

    func attempt(
        _ fields: [String: JSONValue], payload: JSONValue = .object(["a": .integer(1)]), timeout: Span = .seconds(20)
    ) -> AttemptContext {
        AttemptContext(
            runID: RunID(high: 0x0123, low: 0x8000_0000_0000_0045), jobID: JobID(high: 1, low: 2),
            userID: UserID(high: 3, low: 4), jobName: "nightly \"report\"",
            scheduledFor: Instant(seconds: 1_799_999_999),
            zone: "", attempt: 2, fence: 7, action: ActionDefinition(type: "webhook", fields: fields), payload: payload,
            timeout: timeout, delivery: .atLeastOnce)
    }

    func run(_ receiver: Receiver, _ fields: [String: JSONValue] = [:], timeout: Span = .seconds(20)) async -> Outcome {
        var fields = fields
        fields["url"] = fields["url"] ?? .string("http://127.0.0.1:\(receiver.port)/hook")
        return await action.run(attempt(fields, timeout: timeout))
    }

    /// Runs a test body and ends the action's connections whatever happens.
    static func with(allowed: [String] = ["127.0.0.0/8"], _ body: (WebhookFixture) async throws -> Void) async throws {
        let fixture = WebhookFixture(allowed: allowed)
        do { try await body(fixture) } catch {
            await fixture.action.shutdown()
            throw error
        }
        await fixture.action.shutdown()
    }
}
