import CronModel
import CronSchedule
import Testing

@testable import CronHTTP

/// What the editor reads and draws, without any server.
@Suite struct EditorTextTests {
    @Test(arguments: [
        ("curl https://a.example", ["action.url": "https://a.example", "action.method": "GET"]),
        ("curl a.example", ["action.url": "http://a.example", "action.method": "GET"]),
        ("curl -I a.example", ["action.url": "http://a.example", "action.method": "HEAD"]),
        (
            "curl -XDELETE --url https://a.example -m 5 -sS",
            ["action.url": "https://a.example", "action.method": "DELETE", "action.timeout": "5s"]
        ),
        (
            "curl https://a.example -d a=1 --data-urlencode 'b=c d&' -H \"Content-Type: x\\\"y\"",
            [
                "action.url": "https://a.example", "action.method": "POST", "action.body": "a=1&b=c%20d%26",
                "action.headers": "Content-Type: x\"y",
            ]
        ),
        (
            "curl 'https://a.example' \\\r\n  --data-raw $'line\\nit\\'s \\u0041' -u me:pw -A agent -b 'k=v' --compressed",
            [
                "action.url": "https://a.example", "action.method": "POST", "action.body": "line\nit's A",
                "action.headers": "Authorization: Basic bWU6cHc=\nUser-Agent: agent\nCookie: k=v\n"
                    + "Content-Type: application/x-www-form-urlencoded",
            ]
        ),
        (
            "curl --json '{}' -H 'accept: a' https://a.example",
            [
                "action.url": "https://a.example", "action.method": "POST", "action.body": "{}",
                "action.headers": "accept: a\nContent-Type: application/json",
            ]
        ),
    ])
    func curlIsRead(_ text: String, _ fields: [String: String]) throws {
        #expect(try CurlCommand(text).texts == fields)
    }

    @Test(arguments: [
        ("", "must begin with curl"), ("wget a.example", "must begin with curl"), ("curl", "names no URL"),
        ("curl -X", "-X says nothing"), ("curl a b", "names two URLs"), ("curl 'a", "has a ' without"),
        ("curl \"a", "has a \" without"), ("curl $'a", "has a $' without"), ("curl a \\", "ends with a backslash"),
        ("curl \"$HOST\"", "only a shell"), ("curl a | sh", "only a shell"), ("curl a; rm x", "only a shell"),
        ("curl a && b", "only a shell"), ("curl `id`", "only a shell"), ("curl -d @file a", "file"),
        ("curl -F a=b c", "-F"),
        ("curl -L a", "redirect"), ("curl -k a", "certificates"), ("curl -G a", "-G"),
        ("curl -H nope a", "not a name, a colon"),
        ("curl --proxy x a", "--proxy is not read here"), ("curl -Z a", "-Z is not read here"),
        ("curl -b jar a", "-b with a file"),
    ])
    func whatAWebhookDoesNotDoIsRefused(_ text: String, _ reason: String) {
        do throws(EditorFault) {
            _ = try CurlCommand(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.message.contains(reason), "\(text): \(error.message)")
        }
    }

    @Test func aHugeCommandIsRefused() {
        #expect(throws: EditorFault.self) {
            try CurlCommand("curl " + String(repeating: "x", count: CurlCommand.longest))
        }
    }

    @Test func retriesAreDrawnAsThePolicyHasThem() {
        var policy = RetryPolicy()
        policy.maxRetries = 3
        var view = RetryCurveView(policy)
        #expect(view.points.map(\.number) == ["2", "3", "4"])
        #expect(view.points.map(\.earliest) == ["500 ms", "1.50 s", "3.50 s"])
        #expect(view.points[2].latest.hasPrefix("6.99") || view.points[2].latest.hasPrefix("7"))
        #expect(
            view.sentence.hasPrefix("Up to 4 attempts; number 4 starts 3.50 s to 6.99 s after the first"),
            "\(view.sentence)")
        #expect(view.points.map(\.isLast) == [false, false, true])
        policy.jitter = RetryPolicy.Jitter.none
        policy.maxElapsed = .seconds(4)
        view = RetryCurveView(policy)
        #expect(view.points.map(\.latest) == ["1.00 s", "3.00 s"] && view.note != nil)
        policy.maxRetries = 1_000
        policy.maxElapsed = nil
        view = RetryCurveView(policy)
        #expect(view.points.count == RetryCurveView.most && view.sentence.contains("The first 40 of 1000 retries"))
        policy.maxRetries = 0
        #expect(!RetryCurveView(policy).hasRetries && RetryCurveView(nil).isWrong)
    }

    @Test func aDefinitionComesBackFromItsTexts() {
        for (coding, text, value) in [
            (EditorCoding.number, "3", JSONValue.integer(3)), (.number, "1-10", "1-10"), (.list, "a, b", ["a", "b"]),
            (.pairs(":"), "A: b: c", ["A": "b: c"]), (.pairs("="), "A=b=c", ["A": "b=c"]),
            (.lines, "a\n b", ["a", " b"]),
            (.json, "[1]", [1]),
        ] {
            #expect((try? coding.value(text)) == value)
            #expect(coding.text(value) == text)
        }
        for (coding, value) in [
            (EditorCoding.text, JSONValue.integer(1)), (.number, "3"), (.list, ["a,b"]), (.list, []),
            (.pairs(":"), ["A": " b"]),
            (.pairs(":"), ["A": 1]), (.lines, ["a\nb"]), (.lines, [""]), (.json, "text"),
        ] { #expect(coding.text(value) == nil, "\(value)") }
    }
}
