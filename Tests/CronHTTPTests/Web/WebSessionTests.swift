import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// The cookie of a session, and what becomes of it.
@Suite struct WebSessionTests {
    private static let old = [UInt8](repeating: 1, count: 32)
    private static let new = [UInt8](repeating: 2, count: 32)
    private static let session = WebSession(family: .init(high: 7, low: 8), refreshToken: "token")

    @Test func onlyWhatWasSealedIsASession() {
        let keys = WebKeys(secrets: [Self.old])
        let cookie = Self.session.cookie(keys)
        #expect(WebSession(cookie: cookie, keys) == Self.session)
        let parts = cookie.split(separator: ".").map(String.init)
        let other = WebSession(family: .init(high: 7, low: 9), refreshToken: "token").cookie(keys)
        let forged = [
            "", ".", "...", "1...", parts.dropLast().joined(separator: "."), cookie + ".", cookie + "A",
            String(cookie.dropLast()), "2" + cookie.dropFirst(), cookie.uppercased(),
            "1.\(parts[1]).other.\(parts[3])", "1.\(other.split(separator: ".")[1]).\(parts[2]).\(parts[3])",
            "1.\(parts[1]).\(parts[2]).\(String(repeating: "A", count: 43))",
            "1.\(parts[1]).\(parts[2]).\(keys.seal("1.\(parts[1]).\(parts[2])", for: .form))",
            String(repeating: "1.", count: 1_000),
        ]
        for cookie in forged { #expect(WebSession(cookie: cookie, keys) == nil, "\(cookie)") }
    }

    @Test func oneSecretFollowsAnotherWithoutASignOut() {
        let before = WebKeys(secrets: [Self.old])
        let meanwhile = WebKeys(secrets: [Self.new, Self.old])
        let after = WebKeys(secrets: [Self.new])
        #expect(WebSession(cookie: Self.session.cookie(before), meanwhile) != nil)
        #expect(WebSession(cookie: Self.session.cookie(before), after) == nil)
        #expect(WebSession(cookie: Self.session.cookie(meanwhile), after) != nil)
        #expect(Self.session.isFormToken(Self.session.formToken(before), meanwhile))
        #expect(!Self.session.isFormToken(Self.session.formToken(before), after))
    }

    @Test func aFormsTokenIsOfOneSession() {
        let keys = WebKeys(secrets: [Self.old])
        let other = WebSession(family: .init(high: 7, low: 9), refreshToken: "token")
        #expect(!Self.session.isFormToken(other.formToken(keys), keys))
        #expect(Self.session.formToken(keys) != keys.seal(Self.session.family.description, for: .session))
    }

    @Test func signingOutEndsTheSessionOnAllNodes() async throws {
        let bed = try await TestBed()
        let other = try await bed.another()
        try await bed.browsing { browser, _ in
            let cookie = browser.cookies[WebCookie.session.rawValue] ?? ""
            #expect(try await browser.get("/jobs").status == 200)
            try await other.run { client in
                var same = WebClient(client.client)
                same.set(.session, cookie)
                let answer = try await same.get("/jobs")
                #expect(answer.status == 200, "another node takes the cookie")
            }
            let page = try await browser.get("/jobs")
            let out = try await browser.submit("/logout", on: page)
            #expect(out.location == "/login" && browser.cookies[WebCookie.session.rawValue] == nil)
            browser.set(.session, cookie)
            #expect(try await browser.get("/jobs").location == "/login?next=%2Fjobs")
            bed.clock.advance(by: Identities.remembered)
            try await other.run { client in
                var same = WebClient(client.client)
                same.set(.session, cookie)
                let answer = try await same.get("/jobs")
                #expect(answer.status == 303)
            }
        }
    }

    @Test func aSessionEndsWithItsTimeAndWithAnotherPassword() async throws {
        let bed = try await TestBed()
        try await bed.browsing { browser, ann in
            let change: JSONValue = [
                "current_password": "correct horse battery", "new_password": "another horse battery",
            ]
            #expect(try await ann.call(.post, "/me/password", change).status == 204)
            #expect(try await browser.get("/jobs").status == 303)
            try await browser.signIn("ann", password: "another horse battery")
            #expect(try await browser.get("/jobs").status == 200)
            bed.clock.advance(by: .days(30))
            #expect(try await browser.get("/jobs").status == 303)
        }
    }

    @Test func signingInGivesANewSession() async throws {
        try await TestBed().browsing { browser, _ in
            let first = browser.cookies[WebCookie.session.rawValue]
            try await browser.signIn("ann")
            #expect(browser.cookies[WebCookie.session.rawValue] != first)
        }
    }

    @Test func theCookieIsOutOfScriptsReachAndOverTLSBoundToTheHost() async throws {
        let bed = try await TestBed(trustedProxies: ["127.0.0.0/8"])
        try await bed.browsing { browser, _ in
            let fields = ["email": "ann@example.org", "password": "correct horse battery"]
            let plain = try await browser.post("/login", fields).headers[.setCookie] ?? ""
            #expect(plain.hasPrefix("cronpp_session=1."))
            for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] { #expect(plain.contains(part)) }
            #expect(!plain.contains("Secure"))
        }
        let field = WebCookie.session.field("x", life: .days(1), isSecure: true).value
        #expect(field == "__Host-cronpp_session=x; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure")
        // Over TLS a cookie that another host of the domain could have set is none.
        let cookies = RequestCookies([.cookie: "cronpp_session=a; __Host-cronpp_session=b"], isSecure: true)
        #expect(cookies[.session] == "b")
        let two = RequestCookies([.cookie: "cronpp_session=a; cronpp_session=b"], isSecure: false)
        #expect(two[.session] == nil)
    }

    @Test func aProxysWordForTLSIsTakenFromTrustedOnesOnly() {
        let proxies = TrustedProxies(ranges: [try? NetworkRange("10.0.0.0/8")].compactMap(\.self))
        #expect(proxies.isSecure(socket: "10.1.2.3", scheme: "https"))
        #expect(!proxies.isSecure(socket: "192.0.2.1", scheme: "https"))
        #expect(!proxies.isSecure(socket: "10.1.2.3", scheme: "http"))
        #expect(!proxies.isSecure(socket: "10.1.2.3", scheme: nil))
    }

    /// Tokens of the API are none of the pages', nor the other way.
    @Test func bearersSeeNoPagesAndCookiesNoAPI() async throws {
        try await TestBed().browsing { browser, ann in
            var bearer = WebClient(browser.client)
            bearer.headers[.authorization] = "Bearer \(ann.token ?? "")"
            let page = try await bearer.get("/jobs")
            let list = try await browser.get("/api/v1/jobs")
            #expect(page.status == 303 && list.status == 401)
        }
    }
}
