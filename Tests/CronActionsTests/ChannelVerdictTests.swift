import CronModel
import CronSchedule
import NIOHTTP1
import Testing

@testable import CronActions

/// What the services' answers mean, as they document them.
@Suite struct ChannelVerdictTests {
    enum Expected: Sendable {
        case accepted, refused
        case later(Span?)
    }

    private static let busyTelegram =
        #"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}"#
    private static let busyDiscord = #"{"message": "You are being rate limited.", "retry_after": 64.57, "global": false}"#
    private static let throttledTeams =
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x"
    private static let refusedTeams =
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with ContextId x"

    private static func vonage(_ statuses: String...) -> String {
        let parts = statuses.map { #"{"to":"1","status":"\#($0)","error-text":"why"}"# }.joined(separator: ",")
        return #"{"message-count":"\#(statuses.count)","messages":[\#(parts)]}"#
    }

    static let answers: [(String, Int, String, Expected)] = [
        ("slack", 200, "ok", .accepted), ("slack", 200, "no_service\n", .refused), ("slack", 404, "no_service", .refused),
        ("slack", 410, "channel_is_archived", .refused), ("slack", 403, "action_prohibited", .refused),
        ("slack", 500, "channel_not_found", .refused), ("slack", 500, "rollup_error", .later(nil)),
        ("slack", 400, "invalid_payload", .refused), ("slack", 429, "rate_limited", .later(nil)),
        ("discord", 204, "", .accepted), ("discord", 404, #"{"message": "Unknown Webhook", "code": 10015}"#, .refused),
        ("discord", 429, busyDiscord, .later(.milliseconds(64_570))), ("discord", 502, "", .later(nil)),
        ("teams", 202, "", .accepted), ("teams", 200, "1", .accepted), ("teams", 200, throttledTeams, .later(nil)),
        ("teams", 200, refusedTeams, .refused), ("teams", 404, "", .refused), ("teams", 429, "", .later(nil)),
        ("telegram", 200, #"{"ok":true,"result":{}}"#, .accepted), ("telegram", 429, busyTelegram, .later(.seconds(35))),
        ("telegram", 400, #"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#, .refused),
        ("telegram", 403, #"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked"}"#, .refused),
        ("telegram", 500, "", .later(nil)),
        ("pagerduty", 202, #"{"status":"success","message":"Event processed","dedup_key":"k"}"#, .accepted),
        ("pagerduty", 400, #"{"status":"invalid event","errors":["Length of 'routing_key' is incorrect"]}"#, .refused),
        ("pagerduty", 429, "", .later(nil)), ("pagerduty", 503, "", .later(nil)),
        ("ntfy", 200, "{}", .accepted), ("ntfy", 403, #"{"code":40301,"http":403,"error":"forbidden"}"#, .refused),
        ("ntfy", 429, "", .later(nil)), ("ntfy", 507, "", .later(nil)),
        ("webhook", 204, "", .accepted), ("webhook", 302, "", .refused), ("webhook", 408, "", .later(nil)),
        ("webhook", 425, "", .later(nil)), ("webhook", 404, "", .refused),
        ("twilio", 201, #"{"sid":"SM1","status":"queued"}"#, .accepted),
        ("twilio", 400, #"{"code":21211,"message":"Invalid 'To' Phone Number","status":400}"#, .refused),
        ("twilio", 401, #"{"code":20003,"message":"Authenticate","status":401}"#, .refused),
        ("twilio", 429, #"{"code":20429,"message":"Too Many Requests","status":429}"#, .later(nil)),
        ("twilio", 503, "", .later(nil)),
        ("vonage", 200, vonage("0", "0"), .accepted), ("vonage", 200, vonage("1"), .later(nil)),
        ("vonage", 200, vonage("4"), .refused), ("vonage", 200, vonage("0", "9"), .refused),
        ("vonage", 200, vonage("5"), .later(nil)), ("vonage", 200, "<html>", .later(nil)),
        ("vonage", 401, "", .refused), ("vonage", 500, "", .later(nil)),
    ]

    @Test(arguments: answers)
    func means(_ type: String, _ status: Int, _ text: String, _ expected: Expected) throws {
        let channel = try Channels.channel(Channels.all("https://example.com")[type] ?? [:])
        switch (channel.verdict(Channels.answer(status, text)), expected) {
        case (.accepted, .accepted): break
        case (.refused(let reason), .refused): #expect(reason.hasPrefix("answered "))
        case (.later(let reason, let wait), .later(let asked)):
            #expect(reason.hasPrefix("answered ") && wait == asked, "\(reason) \(String(describing: wait))")
        case (let verdict, _): Issue.record("\(verdict)")
        }
    }

    @Test func theLongerOfTwoWaitsCounts() throws {
        let all = Channels.all("https://example.com")
        for (type, text, seconds) in [("discord", Self.busyDiscord, 100), ("telegram", Self.busyTelegram, 100), ("slack", "", 100)] {
            let answer = Channels.answer(429, text, headers: ["Retry-After": "\(seconds)"])
            let verdict = try Channels.channel(all[type] ?? [:]).verdict(answer)
            guard case .later(_, let wait) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
            #expect(wait == .seconds(Int64(seconds)), "\(type)")
        }
    }

    @Test func reasonsAreShortAndOnOneLine() {
        let answer = Channels.answer(500, String(repeating: "a\n\u{7}", count: 10_000))
        guard case .later(let reason, _) = answer.verdictByStatus else {
            Issue.record("not later")
            return
        }
        #expect(reason.utf8.count < 350 && reason.isOneLine)
    }
}
