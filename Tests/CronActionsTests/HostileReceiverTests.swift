import CronModel
import CronSchedule
import NIOCore
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    @Suite struct HostileReceiverTests {
        /// Writes the same bytes for ever, as fast as they are taken, and counts them.
        final class Spring: Sendable {
            private let poured = Mutex(0)
            var bytes: Int { poured.withLock { $0 } }

            func pour(_ bytes: ByteBuffer, into channel: any Channel) {
                channel.writeAndFlush(bytes).whenSuccess {
                    self.poured.withLock { $0 += bytes.readableBytes }
                    channel.eventLoop.execute { self.pour(bytes, into: channel) }
                }
            }
        }

        /// What is read at most, and what two kernels buffer.
        static let mostTakenBytes = 16 << 20

        @Test(arguments: ["Content-Length: 10737418240\r\n", "Transfer-Encoding: chunked\r\n"])
        func endlessBody(_ framing: String) async throws {
            let data = String(repeating: "x", count: 65_536)
            let chunk = ByteBuffer(string: framing.hasPrefix("T") ? "10000\r\n\(data)\r\n" : data)
            let spring = Spring()
            try await withReceiver({ _, channel in
                channel.send("HTTP/1.1 200 OK\r\n\(framing)\r\n")
                spring.pour(chunk, into: channel)
            }) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.kind == .success && outcome.httpStatus == 200)
                #expect(outcome.outputTruncated && outcome.output?.utf8.count == Outcome.outputLimitBytes)
                _ = await receiver.closings.first { _ in true }
            }
            #expect(spring.bytes < Self.mostTakenBytes)
        }

        @Test func drip() async throws {
            try await withReceiver({ _, channel in
                channel.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { task in
                    if channel.isActive { channel.send("x") } else { task.cancel() }
                }
            }) { receiver, action in
                let outcome = await action.run(
                    attempt(receiver.url, ["read_timeout": .string("1s")], timeout: .seconds(2)))
                #expect(outcome.kind == .timeout && outcome.reach == .maybeSent && outcome.httpStatus == 200)
                #expect(outcome.error == "no complete answer from 127.0.0.1:\(receiver.port): within 2s")
                #expect(outcome.output?.hasPrefix("xx") == true)
                #expect(await receiver.closings.first { _ in true } == 1)
            }
        }

        @Test func stallsMidBody() async throws {
            try await withReceiver({ _, channel in channel.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxy") }) {
                receiver, action in
                let outcome = await action.run(attempt(receiver.url, ["read_timeout": .string("1s")]))
                #expect(outcome.kind == .timeout && outcome.output == "xy")
                #expect(outcome.error == "no complete answer from 127.0.0.1:\(receiver.port): nothing came for 1s")
            }
        }

        static let heads = [
            "many": "h: v\r\n",
            "long": String(repeating: "v", count: 10_000),
            "wide": "h: \(String(repeating: "v", count: 5_000))\r\n",
            "interim": "\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n",
        ]

        @Test(arguments: ["many", "long", "wide", "interim"]) func endlessHead(_ name: String) async throws {
            let piece = String(repeating: Self.heads[name] ?? "", count: name == "wide" ? 4 : 100)
            let start = name == "interim" ? "HTTP/1.1 103 Early Hints\r\nLink: x" : "HTTP/1.1 200 OK"
            let spring = Spring()
            try await withReceiver({ _, channel in
                channel.send("\(start)\r\n")
                spring.pour(ByteBuffer(string: piece), into: channel)
            }) { receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.kind == .connectError && outcome.reach == .maybeSent && outcome.verdict == .transient)
                #expect(outcome.error?.contains("of headers") == true, "\(outcome.error ?? "")")
                #expect(await receiver.closings.first { _ in true } == 1)
            }
            #expect(spring.bytes < Self.mostTakenBytes)
        }

        @Test func takesAFewInterimAnswers() async throws {
            try await withReceiver({ _, channel in
                channel.send(
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n\(Receiver.response())")
            }) { receiver, action in
                #expect(await action.run(attempt(receiver.url)).kind == .success)
            }
        }

        @Test func doesNotDecompress() async throws {
            try await withReceiver(Receiver.ok("\u{1F}\u{8B}bomb", headers: "Content-Encoding: gzip\r\n")) {
                receiver, action in
                let outcome = await action.run(attempt(receiver.url))
                #expect(outcome.kind == .success && outcome.output?.hasSuffix("bomb") == true)
                #expect(receiver.requests.first?["accept-encoding"] == nil)
            }
        }

        @Test func repairsText() {
            var capture = OutputCapture()
            capture.append(ByteBuffer(bytes: [0x61, 0x00, 0xFF, 0xC3, 0xA9, 0xE2, 0x82]))
            #expect(capture.text == "a\u{FFFD}\u{FFFD}é\u{FFFD}")
            capture = OutputCapture()
            capture.append(ByteBuffer(repeating: 0xFF, count: 70_000))
            #expect(capture.isTruncated)
            #expect(
                capture.text.map {
                    $0.utf8.count <= Outcome.outputLimitBytes && $0.utf8.count > Outcome.outputLimitBytes - 3
                } == true)
        }
    }
}
