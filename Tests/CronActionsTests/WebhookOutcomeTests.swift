import AsyncHTTPClient
import CronModel
import CronSchedule
import NIOCore
import PostgresServer
import Testing

@testable import CronActions

extension NetworkTests {
    @Suite struct WebhookOutcomeTests {
        /// Its shutdown need not wait long for a dial that nobody answers.
        static func impatientAction() -> WebhookAction {
            makeAction(adjust: { $0.timeout.connect = .seconds(1) })
        }

        @Test(arguments: [
            ("200 OK", Outcome.Kind.success, Outcome.Verdict.success), ("204 No Content", .success, .success),
            ("299 X", .success, .success),
            ("301 Moved", .httpError, .permanent), ("304 Not Modified", .httpError, .permanent),
            ("400 Bad", .httpError, .permanent),
            ("404 Not Found", .httpError, .permanent), ("408 Request Timeout", .httpError, .transient),
            ("410 Gone", .httpError, .permanent),
            ("425 Too Early", .httpError, .transient), ("429 Too Many", .httpError, .transient),
            ("500 Oops", .httpError, .transient),
            ("502 Bad Gateway", .httpError, .transient), ("503 Unavailable", .httpError, .transient),
            ("504 Gateway Timeout", .httpError, .transient),
            ("599 X", .httpError, .transient),
        ]) func mapsStatuses(_ status: String, _ kind: Outcome.Kind, _ verdict: Outcome.Verdict) async throws {
            let isEmpty = status.hasPrefix("204") || status.hasPrefix("304")
            let answer = isEmpty ? "HTTP/1.1 \(status)\r\n\r\n" : Receiver.response("why", status: status)
            try await withReceiver({ _, channel in channel.send(answer) }) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.kind == kind && outcome.verdict == verdict && outcome.reach == .answered)
                #expect(outcome.httpStatus == Int(status.prefix(3)))
                #expect(outcome.output == (isEmpty ? nil : "why"))
                #expect(outcome.disablesJob == status.hasPrefix("410"))
                #expect((outcome.error == nil) == (kind == .success))
                #expect(receiver.requests.count == 1)
            }
        }

        @Test func readsTheWait() async throws {
            try await withReceiver(
                Receiver.ok(
                    status: "503 Service Unavailable", headers: "Retry-After: Mon, 02 Feb 2026 02:41:40 GMT\r\n")
            ) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.retryAfter == .seconds(100))
                #expect(outcome.error == "127.0.0.1:\(receiver.port) answered 503 Service Unavailable")
            }
        }

        /// What asks to be left alone is: the wait goes to the retry policy, which clamps it. A success has nothing to wait
        /// for, and an answer that is final is not tried again.
        @Test(arguments: [
            ("429 Too Many Requests", true), ("502 Bad Gateway", true), ("503 Service Unavailable", true),
            ("504 Gateway Timeout", true), ("408 Request Timeout", true), ("200 OK", false), ("410 Gone", false),
            ("400 Bad Request", false),
        ]) func passesTheWaitOn(_ status: String, _ isPassedOn: Bool) async throws {
            try await withReceiver(Receiver.ok(status: status, headers: "Retry-After: 120\r\n")) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.retryAfter == (isPassedOn ? .seconds(120) : nil))
            }
        }

        @Test func takesConfiguredStatusesForSuccess() async throws {
            try await withReceiver(Receiver.ok(status: "404 Gone Fishing")) { receiver, action in
                let fields: [String: JSONValue] = ["success_statuses": .array([.integer(404)])]
                #expect(await action.run(attempt(receiver.url, fields)).kind == .success)
            }
            try await withReceiver(Receiver.ok()) { receiver, action in
                let outcome = await action.run(attempt(receiver.url, ["success_statuses": .string("204")]))
                #expect(outcome.kind == .httpError && outcome.verdict == .permanent && outcome.httpStatus == 200)
            }
        }

        @Test func followsNoRedirect() async throws {
            try await withReceiver(
                Receiver.ok(status: "302 Found", headers: "Location: http://127.0.0.1/elsewhere\r\n")
            ) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(
                    outcome.error
                        == "127.0.0.1:\(receiver.port) answered 302 Found to http://127.0.0.1/elsewhere; redirects are not followed"
                )
                #expect(receiver.requests.count == 1 && receiver.accepted == 1)
            }
        }

        @Test func tellsARefusedConnection() async throws {
            try await ClosedPort.hold { port in
                let action = makeAction()
                let byAddress = await action.run(attempt("http://127.0.0.1:\(port)/"))
                #expect(
                    byAddress.kind == .connectError && byAddress.verdict == .transient
                        && byAddress.reach == .nothingSent)
                #expect(byAddress.error == "connection refused by 127.0.0.1:\(port)")
                let byName = await action.run(attempt("http://localhost:\(port)/"))
                #expect(byName.kind == .connectError && byName.reach == .nothingSent)
                #expect(byName.error?.hasPrefix("connection refused by localhost:\(port) at ") == true)
                await action.shutdown()
            }
        }

        @Test func tellsAnUnknownName() async throws {
            let action = makeAction(resolve: { _ in [] })
            let outcome = await action.run(attempt("https://nobody.example/"))
            #expect(outcome.kind == .connectError && outcome.verdict == .transient && outcome.reach == .nothingSent)
            #expect(outcome.error == "the name nobody.example could not be resolved")
            await action.shutdown()
        }

        @Test func oneRequestWhenTheReceiverClosesWithoutAnswer() async throws {
            try await withReceiver({ _, channel in channel.close(promise: nil) }) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.kind == .connectError && outcome.verdict == .transient && outcome.reach == .maybeSent)
                #expect(
                    outcome.error == "127.0.0.1:\(receiver.port) closed the connection before its answer was complete")
                #expect(receiver.requests.count == 1 && receiver.accepted == 1)
            }
        }

        @Test func closedMidAnswer() async throws {
            try await withReceiver({ _, channel in
                channel.sendThenClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            }) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(
                    outcome.kind == .connectError && outcome.reach == .maybeSent && outcome.httpStatus == 200
                        && outcome.output == "part")
                #expect(receiver.requests.count == 1)
            }
        }

        @Test(arguments: [
            "HTTP/1.1 abc\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        ])
        func nonsense(_ answer: String) async throws {
            try await withReceiver({ _, channel in channel.sendThenClose(answer) }) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.kind == .connectError && outcome.reach == .maybeSent)
                #expect(outcome.error?.contains("is not valid HTTP") == true, "\(outcome.error ?? "")")
            }
        }

        @Test func timesOutWithoutAnswer() async throws {
            try await withReceiver({ _, _ in }) { receiver, action in
                let byRead = await action.run(attempt(receiver.url, ["read_timeout": .string("100ms")]))
                #expect(byRead.kind == .timeout && byRead.verdict == .transient && byRead.reach == .maybeSent)
                #expect(byRead.error == "no answer from 127.0.0.1:\(receiver.port): nothing came for 100ms")
                let byTotal = await action.run(attempt(receiver.url, timeout: .seconds(1)))
                #expect(
                    byTotal.kind == .timeout
                        && byTotal.error == "no answer from 127.0.0.1:\(receiver.port): within 1s")
                #expect(receiver.requests.count == 2)
            }
        }

        /// A receiver that accepts and never answers the TLS greeting holds the attempt before its request.
        @Test func timesOutBeforeSending() async throws {
            try await withReceiver({ _, _ in }, action: Self.impatientAction()) { receiver, action in
                let url = "https://127.0.0.1:\(receiver.port)/"
                let byConnect = await action.run(attempt(url, ["connect_timeout": .string("100ms")]))
                #expect(
                    byConnect.kind == .timeout && byConnect.reach == .nothingSent && byConnect.verdict == .transient)
                #expect(byConnect.error == "no connection to 127.0.0.1:\(receiver.port): within 100ms")
                let byTotal = await action.run(attempt(url, timeout: .milliseconds(100)))
                #expect(byTotal.kind == .timeout && byTotal.reach == .nothingSent)
            }
        }

        @Test func cancelledBeforeSending() async throws {
            try await withReceiver({ _, _ in }, action: Self.impatientAction()) { receiver, action in
                let task = Task { await action.run(attempt("https://127.0.0.1:\(receiver.port)/")) }
                _ = await receiver.dials.first { _ in true }
                task.cancel()
                #expect(
                    await task.value
                        == Outcome(kind: .cancelled, verdict: .transient, reach: .nothingSent, error: "cancelled"))
            }
        }

        @Test func cancelledAfterSending() async throws {
            try await withReceiver({ _, _ in }) { receiver, action in
                let task = Task { await action.run(attempt(receiver.url)) }
                _ = await receiver.arrivals.first { _ in true }
                task.cancel()
                #expect(
                    await task.value
                        == Outcome(kind: .cancelled, verdict: .transient, reach: .maybeSent, error: "cancelled"))
                // The connection is closed with it, so no late answer can meet a later request.
                #expect(await receiver.closings.first { _ in true } == 1)
            }
        }

        @Test func cancelledBeforeTheStart() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                let (gate, open) = AsyncStream<Void>.makeStream()
                let task = Task {
                    for await _ in gate {}
                    return await action.run(attempt(receiver.url))
                }
                task.cancel()
                open.finish()
                #expect(await task.value.reach == .nothingSent)
                #expect(receiver.accepted == 0)
            }
        }

        @Test func endsWithTheNode() async throws {
            let receiver = try await Receiver.start { _, _ in }
            let action = makeAction()
            let task = Task { await action.run(attempt(receiver.url)) }
            _ = await receiver.arrivals.first { _ in true }
            await action.shutdown()
            let outcome = await task.value
            #expect(outcome.kind == .shutdown && outcome.verdict == .transient && outcome.reach == .maybeSent)
            #expect(await action.run(attempt(receiver.url)).kind == .shutdown)
            try await receiver.stop()
        }
    }
}
