import CronModel
import CronSchedule
import Dispatch
import NIOCore
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    /// What is dialled, and what is never dialled.
    @Suite struct DialTests {
        static let publicAddress = IPAddress.v4(0x0101_0101)
        static let first = IPAddress.v4(0x7F00_0001)
        static let second = IPAddress.v4(0x7F00_0002)

        @Test(arguments: ["http", "https"])
        func refusesNamesOfPrivateAddressesWithoutDialling(_ scheme: String) async throws {
            let client = makeClient(judging: nothingAllowed, connecting: nothingAllowed)
            try await withReceiver(Receiver.ok()) { receiver, _ in
                let outcome = try await call("\(scheme)://localhost:\(receiver.port)/", client)
                #expect(outcome.kind == .connectError && outcome.verdict == .permanent && outcome.reach == .nothingSent)
                #expect(outcome.error?.contains("is refused (loopback)") == true)
                #expect(receiver.accepted == 0)
            }
            await client.shutdown()
        }

        @Test(arguments: ["localhost", "127.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433"])
        func refusesTextWithoutDialling(_ host: String) async throws {
            try await withReceiver(Receiver.ok(), action: makeAction(allowed: [])) { receiver, action in
                let outcome = await action.run(attempt("http://\(host):\(receiver.port)/"))
                #expect(outcome.verdict == .permanent && outcome.reach == .nothingSent)
                #expect(
                    outcome.error?.contains("is refused") == true && outcome.error?.contains("ALLOW_NETWORKS") == true)
                #expect(receiver.accepted == 0 && receiver.bytes == 0)
            }
        }

        @Test func refusesWhenOneOfSeveralAddressesIsPrivate() async throws {
            let action = makeAction(allowed: [], resolve: { _ in [Self.publicAddress, .v4(0x0A00_0001)] })
            let outcome = await action.run(attempt("http://mixed.example/"))
            #expect(outcome.verdict == .permanent && outcome.error?.hasPrefix("10.0.0.1 is refused (private)") == true)
            await action.shutdown()
        }

        /// The system says that `localhost` is 127.0.0.1, and knows no `rebind.example`: nobody asks it again.
        @Test(arguments: ["localhost", "rebind.example"])
        func dialsTheAddressThatWasJudged(_ name: String) async throws {
            let judged = try await Receiver.start(Receiver.ok(), host: "127.0.0.2")
            let other = try await Receiver.start(Receiver.ok(), port: judged.port)
            let action = makeAction(resolve: { _ in [Self.second] })
            #expect(await action.run(attempt("http://\(name):\(judged.port)/")).kind == .success)
            #expect(judged.requests.first?["host"] == "\(name):\(judged.port)")
            #expect(other.accepted == 0)
            await action.shutdown()
            try await judged.stop()
            try await other.stop()
        }

        /// A name that is an allowed address at every other look-up. The clock moves on by more than an answer is kept.
        @Test(arguments: ["http", "https"]) func neverDialsTheOtherAnswerOfARebindingName(_ scheme: String) async throws
        {
            let lookUps = Mutex(0)
            let seconds = Mutex<Int64>(0)
            let allowed = AddressGuard(allowed: [NetworkRange(Self.second)], ownAddresses: [])
            let client = makeClient(
                judging: allowed, connecting: AddressGuard(allowed: loopback),
                resolve: { _ in
                    lookUps.withLock {
                        $0 += 1
                        return [$0 % 2 == 0 ? Self.first : Self.second]
                    }
                },
                now: { fixedNow + .seconds(seconds.withLock { $0 }) })
            // Answers neither with TLS nor with HTTP.
            let judged = try await Receiver.start(
                { _, channel in channel.close(promise: nil) }, host: "127.0.0.2",
                greeting: scheme == "https" ? "220 mail.example ESMTP\r\n" : nil)
            let other = try await Receiver.start(Receiver.ok(), port: judged.port)
            for round in 1...100 {
                seconds.withLock { $0 += 10 }
                let outcome = try await call("\(scheme)://rebind.example:\(judged.port)/", client)
                #expect(outcome.verdict == (round % 2 == 0 ? .permanent : .transient))
            }
            #expect(judged.accepted == 50 && other.accepted == 0)
            #expect(lookUps.withLock { $0 } == 100)
            await client.shutdown()
            try await judged.stop()
            try await other.stop()
        }

        #if canImport(Glibc)
            /// The same by the system's own resolver and a name server that says public and loopback in turn: 1,000 tries,
            /// not one connection inside. 127.0.0.2 plays the public address.
            @Test func staysOutsideThroughAThousandRebindings() async throws {
                let tries = 1_000
                let server = try await DNSServer.start { $0 % 2 == 0 ? 0x7F00_0001 : 0x7F00_0002 }
                let seconds = Mutex<Int64>(0)
                let allowed = AddressGuard(allowed: [NetworkRange(Self.second)], ownAddresses: [])
                let client = makeClient(
                    judging: allowed, connecting: AddressGuard(allowed: loopback),
                    resolve: { server.resolve($0) }, now: { fixedNow + .seconds(seconds.withLock { $0 }) })
                let outside = try await Receiver.start(
                    Receiver.ok(headers: "Connection: close\r\n"), host: "127.0.0.2")
                let inside = try await Receiver.start(Receiver.ok(), port: outside.port)
                var kinds: [Outcome.Kind: Int] = [:]
                for _ in 1...tries {
                    seconds.withLock { $0 += 10 }
                    kinds[try await call("http://rebind.example:\(outside.port)/", client).kind, default: 0] += 1
                }
                #expect(kinds == [.success: tries / 2, .connectError: tries / 2])
                #expect(outside.requests.count == tries / 2 && inside.accepted == 0)
                #expect(server.questions == tries)
                await client.shutdown()
                try await outside.stop()
                try await inside.stop()
                try await server.stop()
            }
        #endif

        /// Were an address dialled that was not judged, the last wall still stands before the request.
        @Test func refusesTheDialledAddress() async throws {
            let client = makeClient(judging: AddressGuard(allowed: loopback), connecting: nothingAllowed)
            try await withReceiver(Receiver.ok()) { receiver, _ in
                let outcome = try await call("http://localhost:\(receiver.port)/", client)
                #expect(outcome.kind == .connectError && outcome.verdict == .permanent && outcome.reach == .nothingSent)
                #expect(
                    outcome.error
                        == "127.0.0.1 is refused (loopback); it is reached only if CRONPP_ALLOW_NETWORKS (ALLOW_NETWORKS) contains it"
                )
                // Its closing shows that the receiver has seen all it will ever see.
                _ = await receiver.closings.first { _ in true }
                #expect(receiver.bytes == 0 && receiver.accepted == 1)
            }
            await client.shutdown()
        }

        @Test func triesTheNextAddressWhenOneRefuses() async throws {
            let action = makeAction(resolve: { _ in [Self.second, Self.first] })
            try await withReceiver(Receiver.ok(), action: action) { receiver, action in
                #expect(await action.run(attempt("http://two.example:\(receiver.port)/")).kind == .success)
                #expect(receiver.accepted == 1)
            }
        }

        /// The first address takes the connection and never answers the TLS greeting.
        @Test func triesTheNextAddressWhenOneIsSilent() async throws {
            let answering = try await TLSReceiver.start(offering: ["h2"])
            let silent = try await Receiver.start({ _, _ in }, host: "127.0.0.2", port: answering.port)
            let action = makeAction(
                resolve: { _ in [Self.second, Self.first] }, adjust: try WebhookTLSTests.trustingConfiguration())
            let url = "https://localhost:\(answering.port)/"
            let outcome = await action.run(attempt(url, ["connect_timeout": .string("4s")]))
            #expect(outcome.kind == .success && silent.accepted == 1, "\(outcome)")
            // The silent dial is still under way, and ends with its receiver.
            _ = await silent.dials.first { _ in true }
            try await silent.stop()
            await action.shutdown()
            try await answering.stop()
        }

        @Test func sendsOnceThoughANameHasSeveralAddresses() async throws {
            let action = makeAction(resolve: { _ in [Self.first, Self.second] })
            try await withReceiver({ _, channel in channel.close(promise: nil) }, action: action) { receiver, action in
                let outcome = await action.run(attempt("http://two.example:\(receiver.port)/"))
                #expect(outcome.kind == .connectError && outcome.reach == .maybeSent)
                #expect(receiver.requests.count == 1)
            }
        }

        @Test func asksTheSystem() {
            #expect(!NameResolver.addresses(of: "localhost").isEmpty)
            #expect(NameResolver.addresses(of: "localhost").allSatisfy { nothingAllowed.refusal(of: $0) != nil })
            #expect(NameResolver.addresses(of: "no-such-host.invalid").isEmpty)
        }

        @Test func reachesAnAllowedName() async throws {
            try await withReceiver(Receiver.ok()) { receiver, action in
                #expect(await action.run(attempt("http://localhost:\(receiver.port)/")).kind == .success)
                #expect(receiver.requests.first?["host"] == "localhost:\(receiver.port)")
            }
        }

        /// Look-ups that never end cost neither the attempt's place nor other names, and one thread for each name.
        @Test func leavesAStuckLookUp() async throws {
            let (gate, open) = AsyncStream<Void>.makeStream()
            let stuck = Mutex(0)
            let action = makeAction(resolve: { name in
                guard name == "stuck.example" else { return [Self.first] }
                stuck.withLock { $0 += 1 }
                waitFor(gate)
                return [Self.first]
            })
            try await withReceiver(Receiver.ok(), action: action) { receiver, action in
                await withTaskGroup(of: Outcome.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            await action.run(attempt("http://stuck.example/", ["connect_timeout": .string("50ms")]))
                        }
                    }
                    for await outcome in group { #expect(outcome.kind == .timeout && outcome.reach == .nothingSent) }
                }
                #expect(await action.run(attempt("http://localhost:\(receiver.port)/")).kind == .success)
                #expect(stuck.withLock { $0 } <= 1)
                open.finish()
            }
        }
    }
}

/// Blocks the thread until the stream ends, as a resolver would.
private func waitFor(_ stream: AsyncStream<Void>) {
    let done = DispatchSemaphore(value: 0)
    Task {
        for await _ in stream {}
        done.signal()
    }
    done.wait()
}
