import CronModel
import HTTPTypes
import Testing

@testable import CronEngine
@testable import CronHTTP

/// Connections and channels in a browser, without any script.
@Suite(.timeLimit(.minutes(2))) struct WebSettingTests {
    private static let path = "/settings/channels/edit?name=ops"
    private static let hook = "\(path)&type=hook"

    @Test func aChannelIsMadeTriedChangedAndDeleted() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let choice = try await browser.get("/settings/channels/new")
            #expect(choice.text.contains("href=\"/settings/channels/new?type=hook\""), "\(choice)")
            #expect(try await browser.get("/settings/channels/new?type=none").status == 422)
            let new = "/settings/channels/new?type=hook"
            let form = try await browser.get(new).typed(new)
            #expect(form["url"] == "" && form["token"] == "", "\(form)")
            var typed = form.merging(["name": "ops", "url": "https://a.example/canary-path"]) { $1 }
            let tried = try await browser.post(new, typed.merging(["_do": "test"]) { $1 })
            #expect(
                tried.status == 200 && tried.text.contains("It works.") && tried.text.contains("was answered"),
                "\(tried)")
            #expect(tried.typed(new)["name"] == "ops" && tried.text.contains("type it once more"), "\(tried)")
            #expect(!tried.text.contains("canary"))
            #expect(try await ann.call(.get, "/channels/ops").status == 404, "only tried")
            typed["token"] = "canary-token"
            let listed = try await browser.follow(try await browser.post(new, typed))
            #expect(listed.text.contains("ops is saved.") && !listed.text.contains("canary"), "\(listed)")

            let stored = try await browser.post(Self.path, ["_csrf": form["_csrf"] ?? "", "_do": "test-stored"])
            #expect(stored.status == 200 && stored.text.contains("<dd dir=\"auto\">12</dd>"), "\(stored)")
            let edit = try await browser.get(Self.path)
            #expect(edit.text.contains("It is set, and not shown") && !edit.text.contains("canary"), "\(edit)")
            typed = edit.typed(Self.hook)
            let saved = try await browser.post(Self.hook, typed)
            #expect(saved.location == "/settings/channels", "\(saved)")
            let test = try await ann.call(.post, "/channels/ops/test")
            #expect(test.json["facts"]?["token"] == 12, "what was left empty stays: \(test)")

            // It may become another kind; what was secret does not go along.
            #expect(edit.text.contains("href=\"/settings/channels/edit?name=ops&amp;type=pager\""), "\(edit)")
            let pager = "\(Self.path)&type=pager"
            let other = try await browser.get(pager)
            #expect(!other.text.contains("It is set") && other.typed(pager)["url"] == nil, "\(other)")
            typed = other.typed(pager).merging(["token": "new"]) { $1 }
            #expect(try await browser.post(pager, typed).status == 303)
            #expect(try await ann.call(.get, "/channels/ops").json["type"] == "pager")
            let page = try await browser.get(Self.path)
            let gone = try await browser.follow(
                try await browser.submit("/settings/channels/delete?name=ops", on: page))
            #expect(gone.text.contains("ops is deleted.") && gone.text.contains("There are none yet"), "\(gone)")
        }
    }

    @Test func whatIsWrongIsSaidAtItsField() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.call(
                .put, "/channels/ops", ["type": "hook", "url": "https://a.example/canary", "token": "t"])
            let new = "/settings/channels/new?type=hook"
            let form = try await browser.get(new).typed(new)
            for (changes, words) in [
                (["name": "x", "token": "canary"], "<a href=\"#url\">URL</a> is required"),
                (["name": "a b", "url": "https://a.example/"], "<a href=\"#name\">Name</a> must be 1 to 100"),
                (["name": "ops", "url": "https://a.example/"], "<a href=\"#name\">Name</a> is taken already"),
            ] {
                let refused = try await browser.post(new, form.merging(changes) { $1 })
                #expect([409, 422].contains(refused.status) && refused.text.contains(words), "\(refused)")
                #expect(
                    refused.typed(new)["name"] == changes["name"] && !refused.text.contains("canary"), "\(refused)")
            }
            // Secrets are for the place that they were given for.
            let edit = try await browser.get(Self.path).typed(Self.hook)
            let elsewhere = edit.merging(["url": "https://evil.example/"]) { $1 }
            for button in ["save", "test"] {
                let refused = try await browser.post(Self.hook, elsewhere.merging(["_do": button]) { $1 })
                #expect(
                    refused.status == 422 && refused.text.contains("<a href=\"#token\">Token</a> is kept only"),
                    "\(refused)")
            }
        }
    }

    @Test func nobodyOverwritesWhatTheyHaveNotSeen() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            _ = try await ann.call(.put, "/channels/ops", ["type": "pager", "token": "t"])
            let pager = "\(Self.path)&type=pager"
            let form = try await browser.get(Self.path).typed(pager)
            _ = try await ann.call(.put, "/channels/ops", ["type": "pager", "token": "u"])
            let refused = try await browser.post(pager, form)
            #expect(refused.status == 412 && refused.text.contains("It is at version 2 now"), "\(refused)")
            let again = try await browser.post(pager, refused.typed(pager))
            #expect(again.status == 303, "who has been told may: \(again)")
            #expect(try await ann.call(.get, "/channels/ops").json["version"] == 3)
        }
    }

    /// Whatever a setting holds, saving the form as it came changes nothing.
    @Test func savingUnchangedDropsNothing() async throws {
        let bed = try await TestBed(connections: ManyFields())
        try await bed.browsing { browser, ann in
            let all: [JSONValue] = [
                [
                    "driver": "big", "host": "db.example", "port": 7, "tls": "off", "people": ["a, b", "c"],
                    "certificate": "-----BEGIN\nx\n", "chat": -5, "password": "canary-1",
                ],
                ["driver": "big", "host": "two\nlines", "chat": "7", "people": [], "password": "canary-2"],
                ["driver": "small", "file": "a.db"],
            ]
            for (index, fields) in all.enumerated() {
                _ = try await ann.call(.put, "/connections/c\(index)", fields)
                let before = try await ann.call(.get, "/connections/c\(index)").json
                let path = "/settings/connections/edit?name=c\(index)"
                let target = "\(path)&type=\(fields["driver"]?.stringValue ?? "")"
                let page = try await browser.get(path)
                #expect(!page.text.contains("canary"), "\(page)")
                #expect(try await browser.post(target, page.typed(target)).status == 303)
                let after = try await ann.call(.get, "/connections/c\(index)").json
                for name in ["driver", "host", "port", "tls", "people", "certificate", "chat", "password", "file"] {
                    #expect(after[name] == before[name], "\(name) \(after)")
                }
                let test = try await ann.call(.post, "/connections/c\(index)/test")
                #expect(test.json["facts"]?["password"] == (index < 2 ? 8 : 0), "\(test)")
            }
            let form = try await browser.get("/settings/connections/edit?name=c0")
            for words in ["Empty: 5432.", "As usual (on)", "One a line. Whom to write to.", "<textarea id=\"people\""] {
                #expect(form.text.contains(words), "\(words) \(form)")
            }
            let list = try await browser.get("/settings/connections")
            #expect(list.text.contains("Host db.example, Port 7") && !list.text.contains("BEGIN"), "\(list)")
        }
    }
}

/// Connections with a field of each kind.
private struct ManyFields: SettingKind {
    let kind = Resource.Kind.connection
    let secretFields: Set<String> = ["password"]
    let placeFields: Set<String> = ["host"]
    let selector: String? = "driver"
    let example: JSONValue = ["driver": "small", "file": "a"]

    private static let big: [Schema.Member] = [
        .field("host", .string(1...253)), .field("port", .integer(1...65_535), default: .integer(5_432)),
        .field("tls", .choice(["on", "off"]), default: .string("on")), .field("password", .string(0...100)),
        .field("certificate", .string(0...10_000), "Absent: none."),
        .field("people", .list(of: .line(1...10), 0...3), "Whom to write to."),
        .field("chat", .anyOf([.line(1...64), Schema(type: "integer")])),
    ]
    private static let small: [Schema.Member] = [.field("file", .string(1...100))]

    let variants = [
        SettingVariant(name: "big", members: ManyFields.big), SettingVariant(name: "small", members: ManyFields.small),
    ]
    let schema = Schema.object([.required("driver", .choice(["big", "small"]))] + ManyFields.big + ManyFields.small)

    func validate(_ fields: [String: JSONValue]) -> [FieldProblem] { [] }

    func tryOut(
        _ fields: [String: JSONValue], of space: UserID, hiding: @escaping @Sendable (String) -> String
    ) async -> SettingTest {
        SettingTest(
            isUsable: true, message: "yes",
            facts: ["password": .integer(Int64(fields["password"]?.stringValue?.utf8.count ?? 0))])
    }
}

extension WebAnswer {
    /// All that a browser would send of a form whose address holds more than one parameter.
    fileprivate func typed(_ target: String) -> [String: String] { fields(target.replacing("&", with: "&amp;")) }
}
