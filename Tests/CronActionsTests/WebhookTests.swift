import CronActions
import CronModel
import CronSchedule
import Crypto
import Foundation
import Testing

@Suite struct WebhookTests {
    @Test func itSendsOneSignedRequestWithTheRunsHeaders() async throws {
        let secret = Data((0..<32).map { UInt8($0) })
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver()
            let outcome = await fixture.run(
                receiver,
                [
                    "signing_secret": .string("whsec_" + secret.base64EncodedString()),
                    "headers": .object(["X-Team": .string("billing")]),
                ])
            #expect(outcome.verdict == .success)
            #expect(outcome.httpStatus == 200)
            #expect(outcome.output == "ok")
            #expect(receiver.requests.count == 1)
            let lines = try #require(receiver.requests.first).components(separatedBy: "\r\n")
            #expect(lines[0] == "POST /hook HTTP/1.1")
            let id = RunID(high: 0x0123, low: 0x8000_0000_0000_0045).description
            let body = "{\"a\":1}"
            #expect(lines.last == body)
            let mac = HMAC<SHA256>.authenticationCode(
                for: Data("\(id).1800000000.\(body)".utf8), using: SymmetricKey(data: secret))
            let headers = Dictionary(
                lines[1...].compactMap { line -> (String, String)? in
                    let parts = line.split(separator: ":", maxSplits: 1)
                    guard parts.count == 2 else { return nil }
                    return (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))
                }, uniquingKeysWith: { first, _ in first })
            #expect(headers["webhook-id"] == id)
            #expect(headers["webhook-timestamp"] == "1800000000")
            #expect(headers["webhook-signature"] == "v1," + Data(mac).base64EncodedString())
            #expect(headers["cronpp-attempt"] == "2")
            #expect(headers["cronpp-fence"] == "7")
            #expect(headers["cronpp-scheduled-for"] == Instant(seconds: 1_799_999_999).description)
            #expect(headers["cronpp-job-id"] == JobID(high: 1, low: 2).description)
            #expect(headers["traceparent"]?.wholeMatch(of: /00-[0-9a-f]{32}-[0-9a-f]{16}-01/) != nil)
            #expect(headers["content-type"] == "application/json")
            #expect(headers["user-agent"] == "cronpp/test")
            #expect(headers["x-team"] == "billing")
            await receiver.stop()
        }
    }

    @Test(arguments: [
        ("204 No Content", Outcome.Verdict.success), ("301 Moved", .permanent), ("400 Bad", .permanent),
        ("404 Not Found", .permanent), ("408 Timeout", .transient), ("410 Gone", .permanent), ("425 Early", .transient),
        ("429 Slow", .transient), ("500 Oops", .transient), ("503 Down", .transient),
    ])
    func statusesDecideWhetherToTryAgain(line: String, verdict: Outcome.Verdict) async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { _ in .raw(Receiver.status(line, headers: "location: /other\r\n")) }
            let outcome = await fixture.run(receiver)
            #expect(outcome.verdict == verdict)
            #expect(outcome.httpStatus == Int(line.prefix(3)))
            #expect(outcome.reach == .answered)
            #expect(outcome.disablesJob == line.hasPrefix("410"))
            #expect(receiver.requests.count == 1, "one attempt is one request: redirects are not followed")
            await receiver.stop()
        }
    }

    @Test(arguments: [
        ("120", Span.seconds(120)), ("Fri, 15 Jan 2027 08:00:30 GMT", .seconds(30)),
        ("Fri, 15 Jan 2021 08:00:30 GMT", .zero),
    ])
    func retryAfterIsRead(text: String, wait: Span) async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { _ in
                .raw(Receiver.status("503 Down", headers: "retry-after: \(text)\r\n"))
            }
            let outcome = await fixture.run(receiver)
            #expect(outcome.retryAfter == wait)
            await receiver.stop()
        }
    }

    @Test func successStatusesCanBeChosen() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { _ in .raw(Receiver.status("404 Not Found")) }
            let fields: [String: JSONValue] = ["success_statuses": .array([.string("200-299"), .integer(404)])]
            #expect(await fixture.run(receiver, fields).verdict == .success)
            await receiver.stop()
        }
    }

    @Test func aReceiverThatClosesWithoutAnAnswerSeesOneRequest() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { _ in .close }
            let outcome = await fixture.run(receiver)
            #expect(outcome.kind == .connectError)
            #expect(outcome.verdict == .transient)
            #expect(outcome.reach == .maybeSent)
            #expect(receiver.requests.count == 1)
            await receiver.stop()
        }
    }

    @Test func aConnectionThatTheReceiverClosedMeanwhileIsNotResentOn() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { number in number == 1 ? .close : .raw(Receiver.ok) }
            #expect(await fixture.run(receiver).verdict == .success)
            #expect(await fixture.run(receiver).verdict == .transient)
            #expect(receiver.requests.count == 2)
            await receiver.stop()
        }
    }

    @Test func nobodyListeningIsATransientFailureWithNothingSent() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver()
            let port = receiver.port
            await receiver.stop()
            let outcome = await fixture.run(receiver, ["url": .string("http://127.0.0.1:\(port)/")])
            #expect(outcome.kind == .connectError)
            #expect(outcome.verdict == .transient)
            #expect(outcome.reach == .nothingSent)
            #expect(outcome.error?.contains("refused") == true, "\(outcome.error ?? "")")
        }
    }

    @Test func aNameThatDoesNotExistIsATransientFailureWithNothingSent() async throws {
        try await WebhookFixture.with { fixture in
            let outcome = await fixture.action.run(fixture.attempt(["url": .string("http://no-such-host.invalid/")]))
            #expect(outcome.kind == .connectError)
            #expect(outcome.verdict == .transient)
            #expect(outcome.reach == .nothingSent)
        }
    }

    @Test func aHangingReceiverEndsInATimeout() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { _ in .hang }
            let outcome = await fixture.run(receiver, timeout: .milliseconds(200))
            #expect(outcome.kind == .timeout)
            #expect(outcome.verdict == .transient)
            #expect(outcome.reach == .maybeSent)
            await receiver.stop()
        }
    }

    @Test func readTimeoutEndsADripThatTheTotalWouldAllow() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { _ in .raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx") }
            let outcome = await fixture.run(receiver, ["read_timeout": .string("150ms")])
            #expect(outcome.kind == .timeout)
            #expect(outcome.error?.contains("150ms") == true)
            await receiver.stop()
        }
    }

    @Test func cancellingTheTaskEndsTheAttempt() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { _ in .hang }
            let task = Task { await fixture.run(receiver) }
            while receiver.requests.isEmpty { await Task.yield() }
            task.cancel()
            let outcome = await task.value
            #expect(outcome.kind == .cancelled)
            #expect(outcome.reach == .maybeSent)
            await receiver.stop()
        }
    }

    @Test func anEndlessAnswerIsCut() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver { _ in .stream(bytes: 10 << 30) }
            let outcome = await fixture.run(receiver)
            #expect(outcome.verdict == .success)
            #expect(outcome.outputTruncated)
            #expect(outcome.output?.utf8.count == Outcome.outputLimitBytes)
            #expect(receiver.pouredBytes < 16 << 20, "1 MiB is read; the rest is what two kernels buffer")
            await receiver.stop()
        }
    }

    @Test func aThousandAreInFlightAtOnceAndConnectionsAreReused() async throws {
        try await WebhookFixture.with { fixture in
            let receiver = try await Receiver(crowd: 1_000)
            for round in 1...2 {
                let successes = await withTaskGroup(of: Outcome.self) { group in
                    for _ in 0..<1_000 { group.addTask { await fixture.run(receiver) } }
                    return await group.reduce(0) { $0 + ($1.verdict == .success ? 1 : 0) }
                }
                #expect(successes == 1_000, "round \(round)")
            }
            #expect(receiver.mostInFlight == 1_000)
            #expect(receiver.requests.count == 2_000)
            #expect(receiver.connections <= 1_050, "the second round uses the first one's connections")
            await receiver.stop()
        }
    }
}
