import CronModel
import CronSchedule
import Logging
import NIOCore
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    /// Alerts against receivers on loopback.
    @Suite struct AlertTests {
        /// An alert action with its client, which ends with the body.
        private func withAlerts(
            _ answer: @escaping Receiver.Answer, carrier: MailPost = MailPost(),
            _ body: (Receiver, AlertAction, ChannelSetting) async throws -> Void
        ) async throws {
            let hosts = OutboundHosts(addresses: Channels.guardian, now: { fixedNow })
            let client = WebhookClient(hosts: hosts, logger: Logger(label: "test"))
            let sender = ChannelSender(
                hosts: hosts, client: client, carrier: carrier, userAgent: "cronpp/1.2.3", now: { fixedNow })
            let receiver = try await Receiver.start(answer)
            let result: Result<Void, any Error>
            do {
                let action = AlertAction(sender: sender, databases: Databases(hosts: hosts, files: nil))
                result = .success(try await body(receiver, action, ChannelSetting(sender: sender)))
            } catch {
                result = .failure(error)
            }
            await client.shutdown()
            try await receiver.stop()
            try result.get()
        }

        private func alert(
            _ channels: [String: [String: JSONValue]], _ fields: [String: JSONValue] = [:],
            payload: JSONValue = .object([:]), progress: String? = nil
        ) -> AttemptContext {
            var attempt = attempt("http://127.0.0.1/", payload: payload)
            let names = channels.keys.sorted()
            attempt.action = ActionDefinition(
                type: "alert",
                fields: ["channels": .array(names.map { .string($0) }), "message": .string("hello")].merging(fields) { $1 })
            for (name, fields) in channels { attempt.settings[.channel, name] = fields }
            attempt.progress = progress
            return attempt
        }

        private func base(_ receiver: Receiver) -> String { "http://127.0.0.1:\(receiver.port)" }

        private static func numbers(_ count: Int) -> [String] { (0..<count).map { "+1415555\(1_000 + $0)" } }

        /// Whom a request of Twilio's kind is for.
        private static func person(_ request: Receiver.Request) -> String {
            String(decoding: request.body, as: UTF8.self).split(separator: "&").first.map {
                String($0.dropFirst(3)).replacing("%2B", with: "+")
            } ?? ""
        }

        @Test func everyTypeOfChannelReachesItsReceiver() async throws {
            try await withAlerts(Receiver.ok(#"{"ok":true,"messages":[{"status":"0"}]}"#)) { receiver, action, _ in
                let channels = Channels.all(base(receiver))
                let outcome = await action.run(alert(channels))
                #expect(outcome.kind == .success && outcome.isTable && outcome.progress == nil, "\(outcome)")
                #expect(receiver.requests.count == channels.count)
                #expect(receiver.requests.allSatisfy { $0["User-Agent"] == "cronpp/1.2.3" && $0["cronpp-attempt"] == nil })
                #expect(
                    Set(receiver.requests.map(\.line)) == [
                        "POST /services/T0/B0/canary-slack-url HTTP/1.1", "POST /api/webhooks/1/canary-discord-url HTTP/1.1",
                        "POST /workflows/canary-teams-url HTTP/1.1", "POST /bot42:canary-telegram/sendMessage HTTP/1.1",
                        "POST /v2/enqueue HTTP/1.1", "POST /topic HTTP/1.1", "POST /hook HTTP/1.1",
                        "POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1", "POST /sms/json HTTP/1.1",
                    ])
                #expect(outcome.output?.hasPrefix("channel,recipient,result,detail\r\n") == true)
                #expect(outcome.output?.contains("twilio,+1 (415) 555-0199,accepted,") == true, "\(outcome.output ?? "")")
            }
        }

        @Test(arguments: [
            ("503 Unavailable", "Retry-After: 120\r\n", Outcome.Verdict.transient, Span?.some(.seconds(120))),
            ("429 Too Many", "", .transient, nil), ("500 Oops", "", .transient, nil), ("404 Not Found", "", .permanent, nil),
            ("302 Found", "Location: http://127.0.0.1/x\r\n", .permanent, nil),
        ])
        func aFailureIsTold(_ status: String, _ header: String, _ verdict: Outcome.Verdict, _ wait: Span?) async throws {
            try await withAlerts(Receiver.ok("no_such_thing", status: status, headers: header)) { receiver, action, _ in
                let outcome = await action.run(alert(["ops": Channels.all(base(receiver))["slack"] ?? [:]]))
                #expect(outcome.kind == .httpError && outcome.verdict == verdict && outcome.reach == .answered)
                #expect(outcome.httpStatus == Int(status.prefix(3)) && outcome.retryAfter == wait)
                #expect(outcome.error?.hasPrefix("ops: answered \(status.prefix(3)): no_such_thing") == true)
                #expect(outcome.progress == nil && receiver.requests.count == 1)
            }
        }

        @Test func nobodyThereIsTold() async throws {
            try await withAlerts(Receiver.ok()) { receiver, action, _ in
                let url = JSONValue.string("http://127.0.0.1:1/")
                let away = await action.run(alert(["ops": ["type": .string("slack"), "url": url]]))
                #expect(away.kind == .connectError && away.verdict == .transient && away.reach == .nothingSent)
                #expect(away.error == "ops: connection refused by 127.0.0.1:1")
            }
        }

        /// What the operator allows may have changed since the channel was saved; the others go out all the same.
        @Test func aChannelThatMayNotBeReachedHoldsUpNoOther() async throws {
            try await withAlerts(Receiver.ok()) { receiver, action, _ in
                let inside = JSONValue.string("http://10.0.0.1/")
                let outcome = await action.run(
                    alert([
                        "a": ["type": .string("slack"), "url": inside], "b": Channels.all(base(receiver))["slack"] ?? [:],
                    ]))
                #expect(outcome.verdict == .permanent && receiver.requests.count == 1)
                #expect(outcome.error?.contains("1 of 2 messages were not accepted; the first, a: url: 10.0.0.1") == true)
                #expect(AlertProgress(outcome.progress, life: "").accepted.count == 1)
            }
        }

        // MARK: - Batches

        /// 50 people; every fifth is refused at first. The retry writes to those alone, and everybody gets one message.
        @Test func aRetryWritesOnlyToThoseWhoHaveNothingYet() async throws {
            let failed = Mutex<Set<String>>([])
            let people = Self.numbers(50)
            let unlucky = Set(people.enumerated().filter { $0.offset % 5 == 0 }.map(\.element))
            let answer: Receiver.Answer = { request, channel in
                let person = Self.person(request)
                let isFirst = unlucky.contains(person) && failed.withLock { $0.insert(person).inserted }
                channel.send(Receiver.response("{}", status: isFirst ? "500 Oops" : "201 Created"))
            }
            try await withAlerts(answer) { receiver, action, _ in
                let channels = ["sms": Channels.sms("twilio", base(receiver))]
                let fields: [String: JSONValue] = [
                    "recipients": .string("{{payload.customers}}"), "message": .string("Dear {{recipient.name}}"),
                ]
                let payload = JSONValue.object([
                    "customers": .array(
                        people.map { .object(["to": .string($0), "name": .string("customer \($0.suffix(2))")]) })
                ])
                let first = await action.run(alert(channels, fields, payload: payload))
                #expect(first.verdict == .transient && first.kind == .httpError && receiver.requests.count == 50)
                #expect(first.error?.hasPrefix("10 of 50 messages were not accepted; the first, ") == true)
                #expect(AlertProgress(first.progress, life: "").accepted.count == 40)
                let second = await action.run(alert(channels, fields, payload: payload, progress: first.progress))
                #expect(second.kind == .success && receiver.requests.count == 60, "\(second)")
                #expect(Set(receiver.requests.dropFirst(50).map(Self.person)) == unlucky)
                let lines = second.output?.split(separator: "\r\n").dropFirst() ?? []
                #expect(lines.count == 50 && lines.filter { $0.contains(",accepted before,") }.count == 40)
                let bodies = receiver.requests.map { String(decoding: $0.body, as: UTF8.self) }
                #expect(bodies.allSatisfy { $0.contains("Dear%20customer%20") })
            }
        }

        @Test func whatIsRefusedForGoodDecidesOnlyInTheEnd() async throws {
            let answer: Receiver.Answer = { request, channel in
                let status = Self.person(request).hasSuffix("0") ? "400 Bad Request" : "503 Unavailable"
                channel.send(Receiver.response("{}", status: status))
            }
            try await withAlerts(answer) { receiver, action, _ in
                let people = JSONValue.array(["+14155551000", "+14155551001"].map { .string($0) })
                let channels = ["sms": Channels.sms("twilio", base(receiver))]
                let both = await action.run(alert(channels, ["recipients": people]))
                #expect(both.verdict == .transient, "one may yet be accepted")
                let refused = await action.run(alert(channels, ["recipients": .array([.string("+14155551000")])]))
                #expect(refused.verdict == .permanent)
                let wrong = await action.run(alert(channels, ["recipients": .array([.string("12")])]))
                #expect(wrong.verdict == .permanent && wrong.reach == .nothingSent)
                #expect(wrong.error == "12 by sms: \"12\" must be a number such as +14155550100")
            }
        }

        /// Until a person runs it again, who may have mended why.
        @Test func whoeverWasRefusedForGoodIsNotAskedAgain() async throws {
            let answer: Receiver.Answer = { request, channel in
                let status = Self.person(request).hasSuffix("0") ? "400 Bad Request" : "503 Unavailable"
                channel.send(Receiver.response("{}", status: status))
            }
            try await withAlerts(answer) { receiver, action, _ in
                let people = JSONValue.array(["+14155551000", "+14155551001"].map { .string($0) })
                let channels = ["sms": Channels.sms("twilio", base(receiver))]
                let first = await action.run(alert(channels, ["recipients": people]))
                var attempt = alert(channels, ["recipients": people], progress: first.progress)
                let second = await action.run(attempt)
                #expect(receiver.requests.prefix(2).map(Self.person).sorted() == ["+14155551000", "+14155551001"])
                #expect(receiver.requests.dropFirst(2).map(Self.person) == ["+14155551001"])
                #expect(second.verdict == .transient && second.progress == first.progress)
                #expect(second.error?.hasPrefix("2 of 2 messages were not accepted; the first, +14155551001 by sms") == true)
                #expect(second.output?.contains("+14155551000,refused,refused at an earlier attempt") == true, "\(second)")
                attempt.attemptsBefore = 2
                attempt.progress = second.progress
                #expect(await action.run(attempt).verdict == .transient)
                #expect(receiver.requests.dropFirst(3).map(Self.person).sorted() == ["+14155551000", "+14155551001"])
            }
        }

        /// Nobody in particular was refused: the channel was.
        @Test func whatIsSaidOfTheChannelIsNobodysRefusal() async throws {
            try await withAlerts(Receiver.ok("{}", status: "403 Forbidden")) { receiver, action, _ in
                let people = JSONValue.array(Self.numbers(3).map { .string($0) })
                let channels = ["sms": Channels.sms("twilio", base(receiver))]
                let outcome = await action.run(alert(channels, ["recipients": people]))
                #expect(outcome.verdict == .permanent && outcome.progress == nil, "\(outcome)")
            }
        }

        @Test func aGatewayThatAsksToBeLeftAloneIs() async throws {
            let busy = Receiver.ok("{}", status: "429 Too Many Requests", headers: "Retry-After: 60\r\n")
            try await withAlerts(busy) { receiver, action, _ in
                let people = JSONValue.array(Self.numbers(200).map { .string($0) })
                let channels = ["sms": Channels.sms("twilio", base(receiver))]
                let outcome = await action.run(alert(channels, ["recipients": people]))
                #expect(outcome.verdict == .transient && outcome.retryAfter == .seconds(60) && outcome.kind == .httpError)
                #expect(receiver.requests.count <= AlertAction.atOnce)
                #expect(outcome.output?.contains(",not sent,") == true)
            }
        }

        /// As an engine ends an attempt whose time is over, or whose node stops.
        @Test func whatWasAcceptedBeforeAnEndIsKept() async throws {
            let (arrivals, arrival) = AsyncStream<Void>.makeStream()
            let answer: Receiver.Answer = { request, channel in
                // The first four are accepted, the others are never answered.
                if request.connection <= AlertAction.atOnce, request.position == 1 {
                    channel.send(Receiver.response("{}", status: "201 Created"))
                } else {
                    arrival.yield()
                }
            }
            try await withAlerts(answer) { receiver, action, _ in
                let people = JSONValue.array(Self.numbers(20).map { .string($0) })
                let attempt = alert(["sms": Channels.sms("twilio", base(receiver))], ["recipients": people])
                let task = Task { await action.run(attempt) }
                for await _ in arrivals.prefix(AlertAction.atOnce) {}
                task.cancel()
                let outcome = await task.value
                #expect(outcome.kind == .cancelled && outcome.reach == .maybeSent, "\(outcome)")
                #expect(outcome.error == "ended early: 4 of 20 messages had been accepted")
                #expect(AlertProgress(outcome.progress, life: "").accepted.count == 4)
            }
        }

        @Test func nobodyToWriteToIsNoFailure() async throws {
            try await withAlerts(Receiver.ok()) { receiver, action, _ in
                let channels = ["sms": Channels.sms("twilio", base(receiver))]
                let nobody = await action.run(alert(channels, ["recipients": .array([])]))
                #expect(nobody.kind == .success && receiver.requests.isEmpty)
                var unaddressed = Channels.sms("twilio", base(receiver))
                unaddressed["recipients"] = nil
                let unknown = await action.run(alert(["sms": unaddressed]))
                #expect(unknown.verdict == .permanent && unknown.error?.contains("who the recipients are") == true)
            }
        }

        // MARK: - Mail

        private static let mail: [String: JSONValue] = [
            "type": .string("email"), "host": .string("127.0.0.1"), "from": .string("ops@example.com"),
            "recipients": .array([.string("ann@example.com")]),
        ]

        @Test(arguments: [
            (MailFailure.Kind.connect, Int?.none, Outcome.Kind.connectError, Outcome.Verdict.transient, Outcome.Reach.nothingSent),
            (.tls, nil, .tlsError, .transient, .nothingSent), (.timeout, nil, .timeout, .transient, .nothingSent),
            (.authentication, 535, .smtpError, .permanent, .nothingSent), (.refused, 550, .smtpError, .permanent, .answered),
            (.unavailable, 421, .connectError, .transient, .nothingSent),
            (.unavailable, 554, .connectError, .permanent, .nothingSent),
            (.refused, 451, .smtpError, .transient, .answered), (.unknown, nil, .unknown, .transient, .maybeSent),
            (.busy, nil, .notSent, .transient, .nothingSent), (.closed, nil, .shutdown, .transient, .nothingSent),
        ])
        func aMailsEndIsClassified(
            _ failure: MailFailure.Kind, _ status: Int?, _ kind: Outcome.Kind, _ verdict: Outcome.Verdict,
            _ reach: Outcome.Reach
        ) async throws {
            let post = MailPost { _ in .failed(MailFailure(failure, status: status, "why")) }
            try await withAlerts(Receiver.ok(), carrier: post) { _, action, _ in
                let outcome = await action.run(alert(["mail": Self.mail]))
                #expect(outcome.kind == kind && outcome.verdict == verdict && outcome.reach == reach)
                #expect(outcome.error == "ann@example.com by mail: why")
            }
        }

        /// A server that takes nothing from here has refused nobody, and is not asked for each of them.
        @Test(arguments: [421, 554])
        func whatAMailServerSaysBeforeItKnowsTheRecipientIsOfTheChannel(_ status: Int) async throws {
            let post = MailPost { _ in .failed(MailFailure(.unavailable, status: status, "not now")) }
            try await withAlerts(Receiver.ok(), carrier: post) { _, action, _ in
                let people = JSONValue.array((0..<100).map { .string("person\($0)@example.com") })
                let outcome = await action.run(alert(["mail": Self.mail], ["recipients": people]))
                #expect(outcome.verdict == (status == 421 ? .transient : .permanent) && outcome.progress == nil, "\(outcome)")
                #expect(post.sent.count < ChannelHealth.failuresInARow + AlertAction.atOnce)
                #expect(outcome.output?.contains(",not sent,") == true)
            }
        }

        @Test func whatAMailServerEchoesIsHiddenBeforeItIsCut() async throws {
            let text = String(repeating: "x", count: 290) + " canary-4711-quokka"
            let post = MailPost { _ in .failed(MailFailure(.refused, status: 550, text)) }
            try await withAlerts(Receiver.ok(), carrier: post) { _, action, setting in
                var attempt = alert(["mail": Self.mail])
                attempt.hiding = { $0.replacing("canary-4711-quokka", with: "*") }
                let outcome = await action.run(attempt)
                #expect(outcome.output?.hasSuffix("x *\r\n") == true && outcome.error?.hasSuffix("x *") == true, "\(outcome)")
                let test = await setting.tryOut(Self.mail) { $0.replacing("canary-4711-quokka", with: "*") }
                #expect(!test.isUsable && test.message.hasSuffix("x *"), "\(test)")
            }
        }

        @Test func aMailGoesToJudgedAddressesUnderOneIdForEachAttempt() async throws {
            let post = MailPost()
            try await withAlerts(Receiver.ok(), carrier: post) { _, action, _ in
                let attempt = alert(["mail": Self.mail], ["html": .string("<b>{{job_name}}</b>")])
                _ = await action.run(attempt)
                #expect(await action.run(attempt).kind == .success)
                let sent = post.sent
                #expect(sent.count == 2 && sent[0].mail.id == sent[1].mail.id && sent[0].mail.id.hasPrefix("\(runID)-"))
                #expect(sent[0].addresses == [.v4(0x7F00_0001)])
                #expect(sent[0].mail.html == "<b>nightly &quot;backup&quot;</b>")
                let inside = Self.mail.merging(["host": .string("10.0.0.1")]) { $1 }
                let refused = await action.run(alert(["mail": inside]))
                #expect(refused.verdict == .permanent && post.sent.count == 2)
            }
        }

        // MARK: - Trying out

        @Test func aTestSendsAMessage() async throws {
            let post = MailPost()
            try await withAlerts(Receiver.ok(), carrier: post) { receiver, _, setting in
                let slack = await setting.tryOut(Channels.all(base(receiver))["slack"] ?? [:])
                #expect(slack == SettingTest(isUsable: true, message: "a message was accepted", facts: ["http_status": .integer(200)]))
                #expect(receiver.requests.count == 1)
                let mail = await setting.tryOut(Self.mail)
                #expect(mail.isUsable && mail.message == "a message to ann@example.com was accepted" && post.sent.count == 1)
                var nobody = Self.mail
                nobody["recipients"] = nil
                #expect(await setting.tryOut(nobody).isUsable == false)
                let away = await setting.tryOut(["type": .string("slack"), "url": .string("http://127.0.0.1:1/")])
                #expect(away == SettingTest(isUsable: false, message: "connection refused by 127.0.0.1:1"))
                #expect(await setting.tryOut(["type": .string("fax")]).message.hasPrefix("type: "))
            }
        }

        /// What a cut leaves of a secret could be too short to be found.
        @Test func whatAServiceEchoesIsHiddenBeforeItIsCut() async throws {
            let secret = String(repeating: "s", count: 20)
            let echo = String(repeating: "x", count: ChannelAnswer.excerptLimitBytes - 8) + secret
            try await withAlerts(Receiver.ok(echo, status: "400 Bad Request")) { receiver, _, setting in
                let test = await setting.tryOut(Channels.all(base(receiver))["slack"] ?? [:]) {
                    $0.replacing(secret, with: "*")
                }
                #expect(!test.isUsable && test.message.hasSuffix("x*"), "\(test)")
            }
        }
    }
}
