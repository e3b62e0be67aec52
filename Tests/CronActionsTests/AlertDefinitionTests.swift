import CronModel
import CronSchedule
import Testing

@testable import CronActions

@Suite struct AlertDefinitionTests {
    private static let valid: [String: JSONValue] = ["channel": .string("ops"), "message": .string("Hi {{payload.name}}")]

    static func problems(_ fields: [String: JSONValue?]) -> [FieldProblem] {
        var all = valid
        for (name, value) in fields { all[name] = value }
        do {
            _ = try AlertDefinition(ActionDefinition(type: "alert", fields: all))
            return []
        } catch {
            return error.all
        }
    }

    @Test func whatIsRightIsTaken() {
        #expect(Self.problems([:]).isEmpty)
        let full: [String: JSONValue?] = [
            "channel": JSONValue?.none, "channels": .array([.string("a"), .string("b")]), "title": .string("{{recipient.name}}"),
            "html": .string("<b>{{recipient.to}}</b>"), "severity": .string("critical"),
            "recipients": .string("{{payload.customers}}"), "problem": .string("backup"), "resolve": .bool(true),
            "attach": .object(["name": .string("a.csv"), "csv": .string("{{payload.report}}")]),
            "timeout": .string("5m"),
        ]
        #expect(Self.problems(full).isEmpty)
        #expect(Self.problems(["attach": Self.query(), "message": .string("{{attachment.rows}} orders")]).isEmpty)
        let people: JSONValue = .array([
            .string("{{payload.mail}}"), .object(["to": .string("b@b.example"), "name": .string("{{job_name}}")]),
        ])
        #expect(Self.problems(["recipients": people]).isEmpty)
    }

    @Test(arguments: [
        ("channel", JSONValue?.none, "action.channel"), ("channel", .integer(1), "action.channel"),
        ("channels", .array([.string("a")]), "action.channels"), ("message", nil, "action.message"),
        ("message", .string("{{recipint.name}}"), "action.message"), ("severity", .string("fatal"), "action.severity"),
        ("recipients", .string("{{recipient.to}}"), "action.recipients"), ("recipients", .integer(1), "action.recipients"),
        ("recipients", .array([.string("a"), .object(["mail": .string("b")])]), "action.recipients[1]"),
        ("recipients", .array([.object(["to": .string("{{x}}")])]), "action.recipients[0].to"),
        ("attach", .string("a"), "action.attach"), ("attach", .object(["name": .string("a")]), "action.attach.csv"),
        ("attach", .object(["name": .string("a"), "csv": .string(""), "x": .null]), "action.attach.x"),
        ("attach", .object(["name": .string("a"), "csv": .string(""), "sql": .string("SELECT 1")]), "action.attach.sql"),
        ("attach", query(["connection": .null]), "action.attach.connection"),
        ("attach", query(["sql": .null]), "action.attach.sql"),
        ("attach", query(["sql": .string("COMMIT")]), "action.attach.sql"),
        ("attach", query(["sql": .string("SELECT {{payload.x}}")]), "action.attach.sql"),
        ("attach", query(["params": .array([.string("{{recipient.to}}")])]), "action.attach.params[0]"),
        ("attach", query(["name": .string("{{attachment.rows}}")]), "action.attach.name"),
        ("attach", query(["max_rows": .integer(1)]), "action.attach.max_rows"),
        ("message", .string("{{attachment.rows}}"), "action.message"),
        ("resolve", .string("yes"), "action.resolve"), ("timeout", .string("25h"), "action.timeout"),
        ("mesage", .string(""), "action.mesage"),
    ])
    func whatIsWrongIsTold(_ name: String, _ value: JSONValue?, _ field: String) {
        #expect(Self.problems([name: value]).map(\.field) == [field])
    }

    private static func query(_ fields: [String: JSONValue] = [:]) -> JSONValue {
        let whole: [String: JSONValue] = [
            "name": .string("orders.csv"), "connection": .string("shop"), "sql": .string("SELECT * FROM orders WHERE day = $1"),
            "params": .array([.string("{{scheduled_for}}")]), "expect_rows": .string("1-"), "skip_empty": .bool(true),
        ]
        return .object(whole.merging(fields) { $1 })
    }

    @Test func aConnectionIsNamedWithinTheAttachment() {
        let action = ActionDefinition(type: "alert", fields: ["attach": Self.query(), "channel": .string("ops")])
        #expect(action.names(in: "attach.connection") == ["shop"] && action.names(in: "channel") == ["ops"])
        #expect(action.names(in: "attach.nothing").isEmpty && action.names(in: "channel.connection").isEmpty)
    }

    @Test func limitsAreKept() {
        let names = JSONValue.array((0...10).map { .string("c\($0)") })
        #expect(Self.problems(["channel": JSONValue?.none, "channels": names]).map(\.field) == ["action.channels"])
        let twice = JSONValue.array([.string("a"), .string("a")])
        #expect(Self.problems(["channel": JSONValue?.none, "channels": twice]).map(\.field) == ["action.channels"])
        let crowd = JSONValue.array([JSONValue](repeating: .string("a@b.example"), count: 1_001))
        #expect(Self.problems(["recipients": crowd]).map(\.field) == ["action.recipients"])
        let long = JSONValue.array([.object(["to": .string("a"), "x": .string(String(repeating: "a", count: 300_000))])])
        #expect(Self.problems(["recipients": long]).map(\.field) == ["action.recipients"])
        #expect(Self.problems(["message": .string(String(repeating: "a", count: 65_537))]).map(\.field) == ["action.message"])
    }

    /// Only who writes to people knows a recipient.
    @Test func aRecipientIsOfAlertsOnly() {
        #expect(WebhookDefinitionTests.problems(["body": .string("{{recipient.to}}")]).map(\.field) == ["action.body"])
    }

    // MARK: - Who gets what

    private static func attempt(_ fields: [String: JSONValue], payload: JSONValue = .object([:])) -> AttemptContext {
        var attempt = attempt("http://127.0.0.1/", payload: payload)
        attempt.action = ActionDefinition(type: "alert", fields: valid.merging(fields) { $1 })
        for name in ["ops", "sms"] {
            attempt.settings[.channel, name] =
                name == "sms" ? Channels.sms("twilio") : Channels.all("https://example.com")["slack"]
        }
        return attempt
    }

    private static func work(_ fields: [String: JSONValue], payload: JSONValue = .object([:])) throws -> AlertWork {
        let attempt = attempt(fields, payload: payload)
        return try AlertWork(try AlertDefinition(attempt.action), attempt, addresses: Channels.guardian)
    }

    private static func attempt(_ url: String, payload: JSONValue) -> AttemptContext {
        CronActionsTests.attempt(url, payload: payload)
    }

    @Test func thePayloadMayNameTheRecipients() throws {
        let payload = JSONValue.object([
            "customers": .array([
                .string("+14155550101"), .object(["to": .string("+14155550102"), "name": .string("Bob")]),
            ]),
            "one": .string("+14155550103"), "none": .array([]), "wrong": .array([.integer(5)]),
        ])
        func people(_ text: String) throws -> [String?] {
            try Self.work(["channel": .string("sms"), "recipients": .string(text)], payload: payload).postings
                .map(\.recipient?.address)
        }
        #expect(try people("{{payload.customers}}") == ["+14155550101", "+14155550102"])
        #expect(try people("{{payload.one}}") == ["+14155550103"] && people("+1{{payload.one}}") == ["+1+14155550103"])
        #expect(try people("{{payload.none}}").isEmpty)
        #expect(throws: TemplateValues.Missing.self) { try people("{{payload.wrong}}") }
        #expect(throws: TemplateValues.Missing.self) { try people("{{payload.nobody}}") }
        let own = try Self.work(["channel": .string("sms")])
        #expect(own.postings.map(\.recipient?.address) == ["+1 (415) 555-0199"])
    }

    @Test func eachRecipientsMessageHasItsOwnValues() throws {
        let work = try Self.work(
            [
                "channel": .string("sms"), "title": .string("For {{recipient.name}}"),
                "message": .string("{{payload.x}}"), "html": .string("<i>{{recipient.name}}</i>"),
                "recipients": .array([
                    .object(["to": .string("+14155550101"), "name": .string("A & \"B\"")]), .string("+14155550102"),
                ]),
                "attach": .object(["name": .string("{{recipient.to}}.csv"), "csv": .string("a;{{payload.x}}")]),
            ], payload: .object(["x": .string("<x>")]))
        let first = try work.message(for: work.postings[0], at: fixedNow)
        #expect(first.title == "For A & \"B\"" && first.text == "<x>" && first.html == "<i>A &amp; &quot;B&quot;</i>")
        #expect(first.attachment?.name == "+14155550101.csv" && first.attachment.map { $0.bytes } == Array("a;<x>".utf8))
        #expect(first.id == "\(runID)-\(work.postings[0].key)" && EmailAddress.isDotAtom(first.id))
        #expect(throws: TemplateValues.Missing.self, "the second has no name") {
            try work.message(for: work.postings[1], at: fixedNow)
        }
    }

    @Test func withoutATitleTheJobsNameIsIt() throws {
        for title in [JSONValue.null, .string("{{payload.empty}}")] {
            let work = try Self.work(
                ["title": title, "message": .string("")], payload: .object(["empty": .string("")]))
            #expect(try work.message(for: work.postings[0], at: fixedNow).title == "nightly \"backup\"")
        }
    }

    @Test func aPlaceGetsOneMessageAndPeopleOneEach() throws {
        let work = try Self.work([
            "channel": .null, "channels": .array([.string("ops"), .string("sms")]),
            "recipients": .array([.string("+14155550101"), .string("+14155550101")]),
        ])
        #expect(work.postings.map(\.channel) == ["ops", "sms", "sms"])
        #expect(Set(work.postings.map(\.key)).count == 3, "who is named twice gets two")
        #expect(work.postings.allSatisfy { $0.key.count == AlertProgress.keyCharacters })
    }

    /// By whom a message is for: a list that has become another one keeps what was accepted.
    @Test func keysFollowPeopleAndNotPlaces() throws {
        func keys(_ people: [String]) throws -> [String: String] {
            let list = JSONValue.array(people.map { .string($0) })
            let postings = try Self.work(["channel": .string("sms"), "recipients": list]).postings
            return Dictionary(uniqueKeysWithValues: postings.map { ($0.recipient?.address ?? "", $0.key) })
        }
        let before = try keys(["+14155550101", "+14155550102", "+14155550103"])
        let after = try keys(["+14155550103", "+14155550101"])
        #expect(after == before.filter { $0.key != "+14155550102" })
        var progress = AlertProgress(nil, life: "life0000")
        #expect(progress.text() == nil)
        for key in before.values { progress.accept(key) }
        #expect(AlertProgress(progress.text(), life: "life0000").accepted == Set(before.values))
        #expect(AlertProgress("what is no", life: "life0000").accepted.count == 1, "of what is cut the rest is dropped")
    }

    @Test func aThousandKeysFitIntoProgress() throws {
        var progress = AlertProgress(nil, life: "life0000")
        for number in 0..<AlertPosting.limit {
            progress.accept(AlertProgress.key(channel: "c", person: "\(number)@example.com", turn: 0))
        }
        #expect(progress.accepted.count == AlertPosting.limit)
        #expect((progress.text()?.utf8.count ?? 0) <= Outcome.progressLimitBytes)
    }

    @Test func whatWasRefusedIsToldForOneLife() {
        var progress = AlertProgress(nil, life: "life0000")
        progress.refuse("refused0")
        let only = AlertProgress(progress.text(), life: "life0000")
        #expect(only.refused == ["refused0"] && only.accepted.isEmpty)
        progress.accept("accepted")
        let both = AlertProgress(progress.text(), life: "life0000")
        #expect(both.refused == ["refused0"] && both.accepted == ["accepted"])
        let next = AlertProgress(progress.text(), life: "life0001")
        #expect(next.refused.isEmpty && next.accepted == ["accepted"])
        let crowd = (0..<501).map { AlertRecipients.One(address: "\($0)@example.com") }
        #expect(throws: TemplateValues.Missing.self, "1,002 messages") {
            _ = try AlertPosting.all(["a", "b"], people: ["a": [], "b": []], recipients: crowd)
        }
    }
}
