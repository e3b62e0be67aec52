import AsyncHTTPClient
import CronModel
import CronSchedule
import Logging
import NIOCore
import Testing

@testable import CronActions

let fixedNow = Instant(seconds: 1_770_000_000)
let loopback = [try! NetworkRange("127.0.0.0/8"), try! NetworkRange("::1")]
let nothingAllowed = AddressGuard(allowed: [], ownAddresses: [])
let runID = RunID("018f0000-0000-7000-8000-000000000001")!
let jobID = JobID("018f0000-0000-7000-8000-000000000002")!

func definition(_ url: String, _ fields: [String: JSONValue] = [:]) -> ActionDefinition {
    ActionDefinition(type: "webhook", fields: ["url": .string(url)].merging(fields) { $1 })
}

func attempt(
    _ url: String, _ fields: [String: JSONValue] = [:], payload: JSONValue = .object(["hello": .string("world")]),
    timeout: Span = .seconds(30)
) -> AttemptContext {
    AttemptContext(
        runID: runID, jobID: jobID, userID: UserID(high: 1, low: 1), jobName: "nightly \"backup\"",
        scheduledFor: Instant(seconds: 1_769_999_940), zone: "Europe/Berlin", attempt: 2, fence: 7,
        action: definition(url, fields), payload: payload, timeout: timeout, delivery: .atLeastOnce)
}

func makeAction(
    allowed: [NetworkRange] = loopback,
    resolve: @escaping @Sendable (String) -> [IPAddress] = NameResolver.addresses,
    adjust: @escaping @Sendable (inout HTTPClient.Configuration) -> Void = { _ in }
) -> WebhookAction {
    let addresses = AddressGuard(allowed: allowed)
    let client = makeClient(judging: addresses, connecting: addresses, resolve: resolve, adjust: adjust)
    return WebhookAction(addresses: addresses, userAgent: "cronpp/1.2.3", now: { fixedNow }, client: client)
}

extension WebhookAction {
    /// Closes all connections; attempts still under way end as `shutdown`.
    func shutdown() async { await client.shutdown() }
}

/// A client whose two walls, the look-up and the connection, may judge differently.
func makeClient(
    judging: AddressGuard, connecting: AddressGuard,
    resolve: @escaping @Sendable (String) -> [IPAddress] = NameResolver.addresses,
    now: @escaping @Sendable () -> Instant = { fixedNow },
    adjust: @escaping @Sendable (inout HTTPClient.Configuration) -> Void = { _ in }
) -> WebhookClient {
    let hosts = OutboundHosts(addresses: judging, now: now, resolve: resolve)
    return WebhookClient(hosts: hosts, connecting: connecting, logger: Logger(label: "test"), adjust: adjust)
}

/// For crowds, which on a busy machine may take longer than a job can ask for.
func patientClient(
    adjust: @escaping @Sendable (inout HTTPClient.Configuration) -> Void = { _ in }
) -> WebhookClient {
    let addresses = AddressGuard(allowed: loopback)
    return makeClient(
        judging: addresses, connecting: addresses,
        adjust: {
            adjust(&$0)
            $0.timeout.connect = .minutes(2)
        })
}

/// Past the check of the URL, which could refuse a text such as `localhost`, and with limits of two minutes.
func call(_ url: String, _ client: WebhookClient) async throws -> Outcome {
    let context = attempt(url)
    let definition = try WebhookDefinition(context.action, addresses: AddressGuard(allowed: loopback))
    let request = WebhookRequest(
        definition, headers: definition.headers, body: [], for: context, at: fixedNow, userAgent: "test")
    let limits = WebhookLimits(connect: .minutes(2), read: nil, total: .minutes(2))
    let exchange = await client.exchange(request, limits: limits)
    return Outcome(exchange, of: definition, limits: limits, now: fixedNow)
}

/// Everything that opens sockets or starts programs, one test at a time.
@Suite(.serialized) struct NetworkTests {}

/// Runs a test against an action and a receiver, and closes both.
func withReceiver(
    _ answer: @escaping Receiver.Answer, action: WebhookAction = makeAction(),
    _ body: (Receiver, WebhookAction) async throws -> Void
) async throws {
    let receiver = try await Receiver.start(answer)
    do {
        try await body(receiver, action)
    } catch {
        await action.shutdown()
        try await receiver.stop()
        throw error
    }
    await action.shutdown()
    try await receiver.stop()
}

extension SettingKind {
    func tryOut(
        _ fields: [String: JSONValue], hiding: @escaping @Sendable (String) -> String = { $0 }
    ) async -> SettingTest {
        await tryOut(fields, of: UserID(high: 1, low: 1), hiding: hiding)
    }
}
