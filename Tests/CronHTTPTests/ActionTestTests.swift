import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Synchronization
import Testing

@testable import CronHTTP

/// An action that no job has yet, done once for somebody who looks.
@Suite(.timeLimit(.minutes(2))) struct ActionTestTests {
    private static let action: JSONValue = ["type": "call", "url": "https://a.example/", "token": "canary-1"]

    @Test func itIsDoneOnceAsATestAndLeavesNoRun() async throws {
        let call = CallAction()
        let bed = try await TestBed(actions: [call, TestAction()])
        try await bed.run { client in
            let ann = try await client.user("ann")
            let job = try await ann.job()
            let before = try await ann.call(.get, "/jobs/\(job)").json
            let reply = try await ann.call(
                .post, "/actions/test", ["action": Self.action, "payload": ["n": 1], "name": "hello"])
            #expect(reply.status == 200 && reply.json["outcome"] == "http_error", "\(reply)")
            #expect(reply.json["taken_back"] == false && reply.json["http_status"] == 500)
            #expect(
                reply.json["phases"]?.arrayValue?.map { $0["name"] ?? nil } == ["look_up", "connect", "wait", "read"],
                "\(reply)")
            #expect(!reply.text.contains("canary") && reply.text.contains("sent ********"), "\(reply)")
            let made = try #require(call.attempts.first)
            #expect(made.isTest && !made.isDryRun && made.jobName == "hello" && made.payload == ["n": 1])
            #expect(made.timeout == ActionTestControl.longest && call.attempts.count == 1)
            #expect(try await ann.call(.get, "/runs").items.isEmpty && bed.signal.wakes == 1)
            #expect(try await ann.call(.get, "/jobs/\(job)").json == before)
            let told = try await ann.call(.get, "/audit?order=desc&limit=1")
            let line = told.items.first
            #expect(line?["act"] == "action.test" && line?["target"] == .null, "\(told)")
            #expect(
                line?["after"] == [
                    "type": "call", "outcome": "http_error", "http_status": 500, "taken_back": false,
                    "host": "a.example",
                ], "\(told)")
        }
    }

    @Test func whatCanBeTakenBackIs() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let ann = try await client.user("ann")
            let reply = try await ann.call(
                .post, "/actions/test", ["action": ["type": "test", "url": "u"], "payload": ["n": 1]])
            #expect(reply.json["taken_back"] == true && reply.json["outcome"] == "success", "\(reply)")
            #expect(reply.json["output"]?.stringValue?.hasPrefix("{\"n\":1}") == true && reply.json["phases"] == [])
        }
    }

    @Test func whatIsWrongIsNamedAndNothingIsDone() async throws {
        let call = CallAction()
        let bed = try await TestBed(actions: [call])
        try await bed.run { client in
            let ann = try await client.user("ann")
            let wrong: [(JSONValue, String)] = [
                (["payload": 1], "action"), (["action": 1], "action"), (["action": ["url": "u"]], "action.type"),
                (["action": ["type": "call"]], "action.url"), (["action": ["type": "nothing"]], "action.type"),
                (["action": Self.action, "name": "a\nb"], "name"), (["action": Self.action, "more": 1], "more"),
                (["action": Self.action, "job_id": "x"], "job_id"),
                (["action": Self.action.merging(patch: ["token": .string(ActionSecrets.mark)])], "action.token"),
                (["action": Self.action.merging(patch: ["url": "{{secrets.none}}"])], "action.url"),
            ]
            for (body, field) in wrong {
                let reply = try await ann.call(.post, "/actions/test", body)
                #expect(reply.status == 422 && reply.message(field) != nil, "\(field) \(reply)")
            }
            #expect(call.attempts.isEmpty)
            #expect(try await ann.call(.get, "/audit").items.contains { $0["act"] == "action.test" } == false)
        }
    }

    @Test func secretsThatAreLeftOutAreTheJobs() async throws {
        let call = CallAction()
        let bed = try await TestBed(actions: [call])
        try await bed.run { client in
            let ann = try await client.user("ann")
            let job = try await ann.job(["action": Self.action])
            for token: JSONValue in [nil, .string(ActionSecrets.mark)] {
                let reply = try await ann.call(
                    .post, "/actions/test",
                    ["action": Self.action.merging(patch: ["token": token]), "job_id": .string(job)])
                #expect(reply.status == 200 && !reply.text.contains("canary"), "\(reply)")
            }
            #expect(call.attempts.map { $0.action.fields["token"] } == ["canary-1", "canary-1"])
            #expect(call.attempts.first?.jobName == "nightly")
            let eve = try await client.user("eve")
            let foreign = try await eve.call(
                .post, "/actions/test", ["action": ["type": "call", "url": "u"], "job_id": .string(job)])
            #expect(foreign.status == 404 && call.attempts.count == 2, "\(foreign)")
        }
    }

    @Test func onlyWhoeverMayDefineItMayTestIt() async throws {
        let bed = try await TestBed(actions: [CallAction(), CallAction("command", Permission(.commands, .write))])
        try await bed.run { client in
            let admin = try await client.user("ann")
            let command: JSONValue = ["action": ["type": "command", "url": "u"]]
            #expect(try await admin.call(.post, "/actions/test", command).status == 200)
            for (role, status) in [("viewer", 403), ("operator", 403), ("editor", 200)] {
                let member = try await AccessTests.member(role, of: admin, client)
                let reply = try await member.call(.post, "/actions/test", ["action": Self.action])
                #expect(reply.status == status, "\(role) \(reply)")
                let refused = try await member.call(.post, "/actions/test", command)
                #expect(refused.status == 403, "\(role) \(refused)")
                let denied = try await admin.call(.get, "/audit?order=desc&limit=1").items.first
                #expect(denied?["act"] == "denied", "\(role)")
            }
        }
    }

    @Test func itHasAnEndAndALimit() async throws {
        let call = CallAction(isEndless: true)
        let bed = try await TestBed(runQuota: 5, actions: [call])
        try await bed.run { client in
            let ann = try await client.user("ann")
            try await withThrowingTaskGroup(of: Reply.self) { group in
                for _ in 0..<ActionTestControl.atOnce {
                    group.addTask { try await ann.call(.post, "/actions/test", ["action": Self.action]) }
                }
                while call.attempts.count < ActionTestControl.atOnce || bed.clock.waiterCount < ActionTestControl.atOnce {
                    await Task.yield()
                }
                let surplus = try await ann.call(.post, "/actions/test", ["action": Self.action])
                #expect(surplus.problem == "limit-reached" && call.attempts.count == ActionTestControl.atOnce, "\(surplus)")
                bed.clock.advance(by: ActionTestControl.longest)
                for try await ended in group {
                    #expect(ended.json["outcome"] == "timeout" && ended.text.contains("after 30s"), "\(ended)")
                }
            }
        }
    }

    /// They count as runs that somebody asks for.
    @Test func theQuotaOfRunsHoldsForThem() async throws {
        let bed = try await TestBed(runQuota: 1, actions: [CallAction(), TestAction()])
        try await bed.run { client in
            let ann = try await client.user("ann")
            #expect(try await ann.call(.post, "/actions/test", ["action": Self.action]).status == 200)
            let surplus = try await ann.call(.post, "/actions/test", ["action": Self.action])
            #expect(surplus.problem == "limit-reached" && surplus.headers[.retryAfter] != nil, "\(surplus)")
            let dry = try await ann.call(.post, "/actions/test", ["action": ["type": "test", "url": "u"]])
            #expect(dry.status == 200, "what is taken back is none: \(dry)")
        }
    }
}

/// Answers with what it was sent, and remembers how it was called.
final class CallAction: ActionRunner {
    let type: String
    let permission: Permission?
    let secretFields: Set<String> = ["token"]
    private let isEndless: Bool
    private let made = Mutex<[AttemptContext]>([])

    init(_ type: String = "call", _ permission: Permission? = nil, isEndless: Bool = false) {
        self.type = type
        self.permission = permission
        self.isEndless = isEndless
    }

    var attempts: [AttemptContext] { made.withLock { $0 } }

    func host(of definition: ActionDefinition) -> String? { "a.example" }

    func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        definition.fields["url"]?.stringValue == nil ? [FieldProblem(field: "action.url", message: "is required")] : []
    }

    func run(_ attempt: AttemptContext) async -> Outcome {
        made.withLock { $0.append(attempt) }
        if isEndless {
            _ = await AsyncStream<Void> { _ in }.first { _ in true }
            return Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent)
        }
        for mark in [AttemptMark.resolved, .sent, .answered] { attempt.reached?(mark) }
        var outcome = Outcome(kind: .httpError, verdict: .transient, reach: .answered, httpStatus: 500)
        outcome.output = "sent \(attempt.action.fields["token"]?.stringValue ?? "nothing")"
        return outcome
    }
}
