#if canImport(Glibc)
    import CronModel
    import CronSchedule
    import NIOCore
    import Synchronization
    import Testing

    @testable import CronActions

    extension NetworkTests {
        /// Answers made to fill memory or to hold a place. The receivers write one buffer again and again and hold nothing,
        /// so what this process grows by is the client's.
        @Suite struct ResponseBombTests {
            typealias Spring = HostileReceiverTests.Spring

            static let mostGrowthBytes = 20 << 20
            /// Attempts under the same bomb at once.
            static let crowd = 16
            /// What is judged is memory: parsing tiny chunks took a debug build more than 30 s on a busy machine.
            static let patience = Span.minutes(10)
            /// An attempt's place is free so long after its limit at the latest, on a busy machine.
            static let lateness = Duration.seconds(3)
            /// By one attempt: what it reads, and what two kernels buffer.
            static let mostTakenBytes = HostileReceiverTests.mostTakenBytes

            static let zeros = ByteBuffer(repeating: 0, count: 65_536)
            /// The head of what `gzip -9` makes of zeros; the rest of it is one zero byte for each 1,032. Ends never.
            static let gzipHead: [UInt8] = [
                0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0x02, 0x03, 0xEC, 0xC1, 0x01, 0x01, 0, 0, 0, 0x80, 0x90, 0xFE, 0xAF,
                0xEE, 0x08, 0x0A,
            ]

            struct Bomb: Sendable, CustomTestStringConvertible {
                let testDescription: String
                let head: String
                let first: [UInt8]
                let again: ByteBuffer
                let kind: Outcome.Kind
            }

            static let bombs = [
                Bomb(
                    testDescription: "10 GiB", head: "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n",
                    first: [],
                    again: ByteBuffer(repeating: 0x78, count: 65_536), kind: .success),
                Bomb(
                    testDescription: "endless chunks", head: "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n",
                    first: [], again: ByteBuffer(string: "8000\r\n\(String(repeating: "x", count: 32_768))\r\n"),
                    kind: .httpError),
                Bomb(
                    testDescription: "tiny chunks", head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                    first: [],
                    again: ByteBuffer(
                        string: String(repeating: "10\r\n\(String(repeating: "x", count: 16))\r\n", count: 3_000)),
                    kind: .success),
                Bomb(
                    testDescription: "gzip of zeros",
                    head: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10737418240\r\n\r\n",
                    first: gzipHead, again: zeros, kind: .success),
                Bomb(
                    testDescription: "a large chunk that is announced",
                    head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n", first: [], again: zeros,
                    kind: .success),
                Bomb(
                    testDescription: "headers without end", head: "HTTP/1.1 200 OK\r\n", first: [],
                    again: ByteBuffer(
                        string: String(repeating: "x-bomb: \(String(repeating: "y", count: 90))\r\n", count: 500)),
                    kind: .connectError),
                Bomb(
                    testDescription: "one header without end", head: "HTTP/1.1 200 OK\r\nx-bomb: ", first: [],
                    again: ByteBuffer(repeating: 0x79, count: 65_536), kind: .connectError),
                Bomb(
                    testDescription: "trailers without end",
                    head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", first: [],
                    again: ByteBuffer(
                        string: String(repeating: "x-bomb: \(String(repeating: "y", count: 90))\r\n", count: 500)),
                    kind: .connectError),
                Bomb(
                    testDescription: "interim answers without end", head: "", first: [],
                    again: ByteBuffer(
                        string: String(repeating: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", count: 500)),
                    kind: .connectError),
            ]

            @Test(arguments: bombs) func takesLittle(_ bomb: Bomb) async throws {
                let spring = Spring()
                let answer: Receiver.Answer = { _, channel in
                    channel.writeAndFlush(ByteBuffer(bytes: Array(bomb.head.utf8) + bomb.first), promise: nil)
                    spring.pour(bomb.again, into: channel)
                }
                try await withReceiver(answer) { receiver, action in
                    let outcomes = Mutex<[Outcome]>([])
                    let growth = try await Self.smallestGrowth {
                        await withTaskGroup(of: Outcome.self) { group in
                            for _ in 0..<Self.crowd { group.addTask { await action.run(attempt(receiver.url, timeout: Self.patience)) } }
                            for await outcome in group { outcomes.withLock { $0.append(outcome) } }
                        }
                    }
                    #expect(growth <= Self.mostGrowthBytes, "\(growth >> 10) KiB")
                    for outcome in outcomes.withLock({ $0 }) {
                        #expect(outcome.kind == bomb.kind && outcome.verdict != .permanent, "\(outcome)")
                        guard bomb.kind != .connectError else { continue }
                        // Cut at the byte, unless it had to be repaired; nothing was unpacked.
                        let size = outcome.output?.utf8.count ?? 0
                        #expect(size <= Outcome.outputLimitBytes && size > Outcome.outputLimitBytes - 3)
                        #expect(outcome.outputTruncated)
                        if !bomb.first.isEmpty { #expect(outcome.output?.hasPrefix("\u{1F}\u{FFFD}") == true) }
                    }
                    // Each receiver was cut off.
                    let attempts = outcomes.withLock { $0.count }
                    var closed = 0
                    for await _ in receiver.closings {
                        closed += 1
                        if closed == attempts { break }
                    }
                    #expect(spring.bytes < attempts * Self.mostTakenBytes)
                }
            }

            /// By HTTP/2 a receiver may send a window ahead of what is read. NIO's decoder keeps what comes on a connection
            /// until it pauses, twice as much at the worst: of more than a few attempts that is the most of it.
            @Test(arguments: [1, 6]) func takesLittleByHTTP2(_ crowd: Int) async throws {
                let receiver = try await TLSReceiver.start(offering: ["h2"], pours: Self.zeros)
                let client = patientClient(adjust: try WebhookTLSTests.trustingConfiguration())
                var attempts = 0
                let growth = try await Self.smallestGrowth {
                    attempts += crowd
                    try await withThrowingTaskGroup(of: Outcome.self) { group in
                        for _ in 0..<crowd {
                            group.addTask { try await call("https://localhost:\(receiver.port)/", client) }
                        }
                        for try await outcome in group {
                            #expect(outcome.kind == .success && outcome.outputTruncated, "\(outcome)")
                        }
                    }
                }
                #expect(growth <= Self.mostGrowthBytes, "\(growth >> 10) KiB")
                // What is read, the piece that reaches the limit and the one behind it, and what runs ahead of them.
                let most = OutputCapture.readLimitBytes + 2 * BodyJoiner.maxBytes + StreamWindowLimit.maxAheadBytes
                #expect(receiver.poured.withLock { $0 } <= attempts * most)
                await client.shutdown()
                try await receiver.stop()
            }

            /// What an attempt reads is counted exactly: it stops within the piece that reaches the limit.
            @Test func readsNoMoreThanTheLimit() async throws {
                let client = patientClient()
                let spring = Spring()
                try await withReceiver({ _, channel in
                    channel.send("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
                    spring.pour(Self.zeros, into: channel)
                }) { receiver, _ in
                    let context = attempt(receiver.url)
                    let definition = try WebhookDefinition(context.action, addresses: AddressGuard(allowed: loopback))
                    let request = WebhookRequest(
                        definition, headers: definition.headers, body: [], for: context, at: fixedNow, userAgent: "test"
                    )
                    let limits = WebhookLimits(connect: .minutes(2), read: nil, total: .minutes(2))
                    let output = await client.exchange(request, limits: limits).output
                    // NIO hands over at most this much at once.
                    let piece = 65_536
                    #expect(output.readBytes >= OutputCapture.readLimitBytes)
                    #expect(output.readBytes < OutputCapture.readLimitBytes + piece)
                    await client.shutdown()
                }
            }

            /// Exactly 100,000 fields and then a body that nobody waits for.
            @Test func manyHeaders() async throws {
                let field = "x-bomb: v\r\n"
                let lines = ByteBuffer(string: String(repeating: field, count: 1_000))
                let written = Mutex(0)
                try await withReceiver({ _, channel in
                    channel.send("HTTP/1.1 200 OK\r\n")
                    for _ in 1...100 {
                        channel.write(lines).whenSuccess { written.withLock { $0 += 1_000 } }
                    }
                    channel.send("\r\n")
                }) { receiver, action in
                    let growth = try await Self.smallestGrowth {
                        let outcome = await action.run(attempt(receiver.url))
                        #expect(outcome.kind == .connectError && outcome.verdict == .transient)
                        #expect(outcome.error?.contains("256 fields of headers") == true, "\(outcome)")
                        #expect(outcome.httpStatus == nil && outcome.output == nil)
                    }
                    #expect(growth <= Self.mostGrowthBytes, "\(growth >> 10) KiB")
                    #expect(written.withLock { $0 } <= 300_000)
                }
            }

            static let drips = [
                "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nx-drip: ", "HTTP/1.1 200 ",
            ]

            /// A byte a second, in the body, between chunks, in a header and in the status line, each of which a limit on
            /// silence would let go on for days: the place is free when the attempt's time is up.
            @Test(arguments: drips) func drip(_ head: String) async throws {
                let timeout = Span.seconds(3)
                try await withReceiver({ _, channel in
                    channel.send(head)
                    let byte = head.contains("chunked") ? "1\r\nx\r\n" : "x"
                    channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { task in
                        if channel.isActive { channel.send(byte) } else { task.cancel() }
                    }
                }) { receiver, action in
                    // A head is one piece to the limit on silence, which would end it before.
                    let fields: [String: JSONValue] =
                        head.hasSuffix("\r\n\r\n") ? ["read_timeout": .string("2s")] : [:]
                    let start = ContinuousClock.now
                    let outcomes = await withTaskGroup(of: Outcome.self) { group in
                        for _ in 0..<Self.crowd {
                            group.addTask {
                                await action.run(attempt(receiver.url, fields, timeout: timeout))
                            }
                        }
                        return await group.reduce(into: []) { $0.append($1) }
                    }
                    let lasted = ContinuousClock.now - start
                    #expect(lasted >= .seconds(3) && lasted <= .seconds(3) + Self.lateness, "\(lasted)")
                    for outcome in outcomes {
                        #expect(outcome.kind == .timeout && outcome.verdict == .transient, "\(outcome)")
                        #expect(
                            outcome.reach == .maybeSent && outcome.error?.contains("within 3s") == true, "\(outcome)")
                        #expect((outcome.httpStatus == 200) == head.hasSuffix("\r\n\r\n"))
                    }
                }
            }

            /// Of several rounds, because other tests of this process allocate meanwhile: a bomb shows in each.
            static func smallestGrowth(_ body: () async throws -> Void) async throws -> Int {
                // What is allocated once, for the first of its kind.
                try await body()
                var smallest = Int.max
                for _ in 1...3 {
                    smallest = min(smallest, try await ProcessMemory.growth(during: body))
                    if smallest <= mostGrowthBytes { break }
                }
                return smallest
            }
        }
    }
#endif
