import CronModel
import CronSchedule
import Logging
import NIOCore
import Synchronization
import Testing

@testable import CronActions

extension NetworkTests {
    /// Each way to name an address that must not be reached, one by one: refused when a job is saved, refused again when it
    /// runs, and not one connection at a receiver that listens on every address of this machine.
    @Suite struct SSRFVectorTests {
        /// `PORT` stands for the receiver's.
        static let urls = [
            // IPv4, in every form that a resolver takes for one.
            "http://127.0.0.1:PORT/", "http://127.0.0.2:PORT/", "http://127.255.255.254:PORT/", "http://127.1:PORT/",
            "http://127.0.1:PORT/", "http://2130706433:PORT/", "http://0x7f.1:PORT/", "http://0x7f000001:PORT/",
            "http://0X7F.0.0.1:PORT/", "http://0x7f.0x0.0x0.0x1:PORT/", "http://0177.1:PORT/",
            "http://0177.0.0.01:PORT/",
            "http://017700000001:PORT/", "http://127.0x0.00.1:PORT/", "http://0:PORT/", "http://0x:PORT/",
            "http://00:PORT/",
            "http://0.0.0.0:PORT/", "http://0.1.2.3:PORT/", "http://127.0.0.1.:PORT/", "http://0.:PORT/",
            "http://10.0.0.1:PORT/", "http://100.64.0.1:PORT/", "http://100.100.100.200:PORT/",
            "http://169.254.169.254:PORT/latest/meta-data/", "http://0xA9FEA9FE:PORT/", "http://2852039166:PORT/",
            "http://169.254.170.2:PORT/", "http://168.63.129.16:PORT/", "http://172.16.0.1:PORT/",
            "http://192.0.0.1:PORT/",
            "http://192.168.0.1:PORT/", "http://198.18.0.1:PORT/", "http://224.0.0.1:PORT/", "http://240.0.0.1:PORT/",
            "http://255.255.255.255:PORT/",
            // IPv6, and IPv4 inside it.
            "http://[::1]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/", "http://[::]:PORT/",
            "http://[::ffff:127.0.0.1]:PORT/",
            "http://[::ffff:7f00:1]:PORT/", "http://[0:0:0:0:0:ffff:7f00:1]:PORT/", "http://[::FFFF:127.0.0.1]:PORT/",
            "http://[::ffff:a9fe:a9fe]:PORT/", "http://[::ffff:0:0]:PORT/", "http://[::127.0.0.1]:PORT/",
            "http://[::7f00:1]:PORT/", "http://[::ffff:0:127.0.0.1]:PORT/", "http://[64:ff9b::a9fe:a9fe]:PORT/",
            "http://[64:ff9b::127.0.0.1]:PORT/", "http://[64:ff9b:1::1]:PORT/", "http://[64:ff9b:1:7f00:0:100::]:PORT/",
            "http://[2002:7f00:1::]:PORT/", "http://[2002:a9fe:a9fe::1]:PORT/",
            "http://[2001:0:7f00:1::ffff:fffe]:PORT/",
            "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT/", "http://[2001:db8::1]:PORT/",
            "http://[fc00::1]:PORT/",
            "http://[fd00:ec2::254]:PORT/", "http://[fe80::1]:PORT/", "http://[fe80::1%25eth0]:PORT/",
            "http://[fe80::1%eth0]:PORT/", "http://[::1%25lo]:PORT/", "http://[fec0::1]:PORT/",
            "http://[ff02::1]:PORT/",
            "http://[100::1]:PORT/", "http://[2a00:1450::5efe:7f00:1]:PORT/", "http://[4000::1]:PORT/",
            // What readers of a URL take for different hosts.
            "http://localhost:PORT/", "http://LOCALHOST:PORT/", "http://localhost.:PORT/", "http://a.localhost:PORT/",
            "http://example.com@127.0.0.1:PORT/", "http://127.0.0.1:PORT@example.com/",
            "http://user:pass@localhost:PORT/",
            "http://example.com%40127.0.0.1:PORT/", "http://example.com#@127.0.0.1:PORT/\\",
            "http://127.0.0.1:PORT\\@example.com/", "http://[::1]:PORT@example.com/", "http://@127.0.0.1:PORT/",
            "http://①②⑦.⓪.⓪.①:PORT/", "http://127。0。0。1:PORT/", "http://ⓛocalhost:PORT/",
            "http://loc\u{AD}alhost:PORT/",
            "http://%6cocalhost:PORT/", "http://127.0.0.1%00.example.com:PORT/", "http:\\\\127.0.0.1:PORT/",
            "http://127.0.0.1\t:PORT/", "http://127.0.0.1\r\n:PORT/", " http://127.0.0.1:PORT/",
            "http://[::ffff:127.0.0.1:PORT/",
            // Other ways to a socket.
            "file:///etc/passwd", "gopher://127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/", "unix:///run/cronpp.sock",
            "http+unix://%2Frun%2Fx/", "//127.0.0.1:PORT/", "127.0.0.1:PORT",
        ]

        @Test(arguments: urls) func isRefusedAsText(_ template: String) async throws {
            let action = makeAction(allowed: [])
            let receiver = try await Receiver.start(Receiver.ok(), host: "::")
            let url = template.replacing("PORT", with: "\(receiver.port)")
            #expect(action.validate(definition(url)).map(\.field) == ["action.url"])
            let outcome = await action.run(attempt(url))
            #expect(outcome.verdict == .permanent && outcome.reach == .nothingSent, "\(outcome)")
            #expect(receiver.accepted == 0)
            await action.shutdown()
            try await receiver.stop()
        }

        static let own = AddressGuard.interfaceAddresses().map(\.description)

        /// As the address of a name, which only the look-up tells.
        @Test(arguments: AddressGuardTests.refused + own) func isRefusedAsAnAnswer(_ text: String) async throws {
            let address = try #require(IPAddress(text))
            let action = makeAction(allowed: [], resolve: { _ in [address] })
            let receiver = try await Receiver.start(Receiver.ok(), host: "::")
            for scheme in ["http", "https"] {
                let url = "\(scheme)://name.example:\(receiver.port)/"
                #expect(action.validate(definition(url)).isEmpty)
                let outcome = await action.run(attempt(url))
                #expect(outcome.kind == .connectError && outcome.verdict == .permanent)
                #expect(outcome.reach == .nothingSent && outcome.error?.contains("is refused (") == true, "\(outcome)")
            }
            #expect(receiver.accepted == 0)
            await action.shutdown()
            try await receiver.stop()
        }

        /// Names that Debian's `/etc/hosts` holds, asked of the system itself.
        @Test(arguments: ["ip6-localhost", "ip6-loopback", "localhost.localdomain", "localhost6"])
        func isNotReachedByTheSystemsNames(_ name: String) async throws {
            let action = makeAction(allowed: [])
            let receiver = try await Receiver.start(Receiver.ok(), host: "::")
            let outcome = await action.run(
                attempt("http://\(name):\(receiver.port)/", ["connect_timeout": .string("2s")]))
            #expect(outcome.kind != .success && outcome.reach == .nothingSent && receiver.accepted == 0)
            await action.shutdown()
            try await receiver.stop()
        }

        /// The receiver of these tests is there: what the operator allows reaches it.
        @Test(arguments: [
            "127.0.0.1", "127.0.0.2", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost",
            "own",
        ]) func isReachedWhenAllowed(_ host: String) async throws {
            let own = AddressGuard.interfaceAddresses().map { NetworkRange($0) }
            let action = makeAction(allowed: loopback + own)
            let receiver = try await Receiver.start(Receiver.ok(), host: "::")
            var hosts = [host]
            if host == "own" {
                // A link-local address would need its zone.
                let addresses = AddressGuard.interfaceAddresses().filter { !"\($0)".hasPrefix("fe80") }
                hosts = addresses.map { "\($0)".contains(":") ? "[\($0)]" : "\($0)" }
            }
            for host in hosts {
                let outcome = await action.run(attempt("http://\(host):\(receiver.port)/"))
                #expect(outcome.kind == .success, "\(host): \(outcome)")
            }
            #expect(receiver.accepted == hosts.count)
            await action.shutdown()
            try await receiver.stop()
        }
    }

    /// Holes that others had, as they were told in public.
    @Suite struct SSRFThreadTests {
        /// OneUptime/oneuptime#2578: an IPv4-mapped literal passed the list, and being a literal skipped the look-up that
        /// would have judged it.
        @Test(arguments: ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:192.168.1.1", "::ffff:169.254.169.254"])
        func mappedLiteralsAreJudged(_ text: String) throws {
            let problems = WebhookURLTests.problems("http://[\(text)]/")
            #expect(problems.map(\.field) == ["action.url"])
            #expect(problems.first?.message.contains("is refused (") == true)
        }

        /// OneUptime/oneuptime#3183: 6to4 and both fields of Teredo, the server's and the client's inverted one, still
        /// carried private, loopback, link-local and metadata addresses.
        @Test(arguments: [
            "2002:7f00:1::1", "2002:a00:1::1", "2002:c0a8:101::1", "2002:a9fe:a9fe::1", "2001:0:7f00:1::1",
            "2001:0:a9fe:a9fe::1", "2001:0:808:808:0:0:80ff:fffe", "2001:0:808:808:0:0:5601:5601",
        ]) func transitionAddressesAreRefused(_ text: String) throws {
            #expect(nothingAllowed.refusal(of: try #require(IPAddress(text))) != nil)
            #expect(WebhookURLTests.problems("http://[\(text)]/").map(\.field) == ["action.url"])
        }

        /// formbricks/hub#129: ranges that the standard library's predicates do not know passed at save and at dial.
        @Test(arguments: [
            "100.64.0.1", "0.1.2.3", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "168.63.129.16", "fec0::1",
            "198.18.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1",
            "224.0.0.251", "239.1.1.1", "ff05::2", "ff0e::1",
        ]) func unknownRangesAreRefusedAtSaveAndAtDial(_ text: String) throws {
            let host = text.contains(":") ? "[\(text)]" : text
            #expect(WebhookURLTests.problems("http://\(host)/").map(\.field) == ["action.url"])
            #expect(nothingAllowed.refusal(of: try .init(ipAddress: text, port: 80)) != nil)
        }

        /// gitroomhq/postiz-app#1671: the guard was a hook of the resolver, which nobody asks about a literal. Here the
        /// check when the job is saved is passed by, so only the one at the attempt is left.
        @Test(arguments: ["127.0.0.1", "[::1]", "127.1"]) func literalsAreJudgedThoughNobodyLooksThemUp(_ host: String)
            async throws
        {
            let lookUps = Mutex(0)
            let client = makeClient(
                judging: nothingAllowed, connecting: AddressGuard(allowed: loopback),
                resolve: { _ in
                    lookUps.withLock { $0 += 1 }
                    return []
                })
            let receiver = try await Receiver.start(Receiver.ok(), host: "::")
            let outcome = try await call("http://\(host):\(receiver.port)/", client)
            #expect(outcome.verdict == .permanent && outcome.error?.contains("is refused (loopback)") == true)
            #expect(receiver.accepted == 0 && lookUps.withLock { $0 } == 0)
            await client.shutdown()
            try await receiver.stop()
        }

        /// frain-dev/convoy#2169 and #2706: the filter was there, behind a licence and a flag. Here it is on in what the
        /// program itself builds, nothing in a job turns it off, and only the operator's list opens what it names.
        @Test func theGuardIsOnByDefault() async throws {
            let receiver = try await Receiver.start(Receiver.ok(), host: "::")
            for (networks, isOpen) in [([], false), (["10.0.0.0/8"], false), (["127.0.0.1"], true)] {
                let actions = StandardActions(
                    allowedNetworks: try networks.map { try NetworkRange($0) }, carrier: MailPost(), userAgent: "test",
                    now: { fixedNow }, logger: Logger(label: "test"))
                let webhook = try #require(actions.registry["webhook"])
                let outcome = await webhook.run(attempt("http://127.0.0.1:\(receiver.port)/"))
                #expect((outcome.kind == .success) == isOpen, "\(outcome)")
                await actions.shutdown()
            }
            #expect(receiver.accepted == 1)
            for field in ["allow_private", "allow_networks", "verify", "insecure", "proxy", "resolve", "dns"] {
                let problems = WebhookDefinitionTests.problems([field: .bool(true)])
                #expect(problems.map(\.field) == ["action.\(field)"])
            }
            try await receiver.stop()
        }
    }
}
