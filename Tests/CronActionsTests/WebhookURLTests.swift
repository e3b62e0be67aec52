import CronModel
import Testing

@testable import CronActions

@Suite struct WebhookURLTests {
    static let addresses = nothingAllowed

    static func problems(_ url: String) -> [FieldProblem] {
        do throws(FieldProblems) {
            _ = try WebhookDefinition(definition(url), addresses: addresses)
            return []
        } catch {
            return error.all
        }
    }

    @Test(arguments: [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0x7f000001/",
        "http://0177.1/",
        "http://0177.0.0.01/", "http://127.0.0.1./", "http://127.0.0.1:8080/x", "http://0/", "http://0x/",
        "http://0.0.0.0/",
        "http://[::1]/", "http://[::ffff:7f00:1]/", "http://[::ffff:127.0.0.1]:80/", "http://[::]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://localhost/", "http://LOCALHOST:1/",
        "http://localhost./",
        "http://a.localhost/", "https://169.254.169.254/latest/meta-data", "https://[fd00:ec2::254]/",
        "http://168.63.129.16/",
        "http://100.100.100.200/", "http://user@example.com/", "http://user:pw@example.com/",
        "http://example.com@127.0.0.1/",
        "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://%31%32%37.0.0.1/", "http://exa mple.com/",
        "http://example.com\\@127.0.0.1/",
        "http:/example.com/", "http:///path", "http://", "//example.com", "example.com", "ftp://example.com/",
        "file:///etc/passwd",
        "http+unix://%2Frun%2Fx/", "gopher://x/", "javascript:alert(1)", "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:8a/", "http://[::1/", "http://[1.2.3.4]/", "http://a..b/", "http://.a/",
        "http://1.2.3.4.5/",
        "http://256.256.256.256/", "http://08.1.1.1/", "http://example.com/\r\nX: y", "http://example.com/ä", "",
        "http://[::1]x/",
    ]) func refuses(_ url: String) {
        #expect(Self.problems(url).map(\.field) == ["action.url"], "\(url)")
    }

    @Test(arguments: [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/Path?q=1#frag", "https://example.com/Path?q=1"),
        ("http://example.com:80/", "http://example.com/"), ("http://example.com:8080?x", "http://example.com:8080/?x"),
        ("http://example.com./", "http://example.com/"), ("http://8.8.2056/", "http://8.8.8.8/"),
        ("http://1.1/", "http://1.0.0.1/"),
        ("https://[2606:4700::0:1111]:8443/a%20b", "https://[2606:4700::1111]:8443/a%20b"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://my_host.example/", "http://my_host.example/"), ("http://0xcafe.example/", "http://0xcafe.example/"),
    ]) func spellsOnce(_ url: String, _ canonical: String) throws {
        #expect(Self.problems(url).isEmpty)
        #expect(try WebhookURL(url).text == canonical)
    }

    /// A slash in a password ends the authority, and what stands before it looks like a port.
    @Test(arguments: ["https://user:pass-word@example.com/", "https://user:pass-word/2@example.com/"])
    func repeatsNoPassword(_ url: String) {
        let problems = Self.problems(url)
        #expect(!problems.isEmpty && problems.allSatisfy { !$0.message.contains("pass-word") }, "\(problems)")
    }

    @Test func namesTheColumn() {
        #expect(Self.problems("http://exa mple.com/").first?.column == 11)
        #expect(Self.problems("https://user@example.com/").first?.column == 9)
        #expect(Self.problems("http://127.1/").first?.message.hasPrefix("127.0.0.1 is refused (loopback)") == true)
    }
}
