import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

@Suite struct AccountTests {
    private static let ann: JSONValue = [
        "email": "Ann@Example.org", "password": "correct horse battery", "name": "Ann",
    ]
    private static let login: JSONValue = ["email": "ann@example.org", "password": "correct horse battery"]

    @Test func registerLoginAndMe() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.call(.post, "/auth/register", Self.ann)
            #expect(user.status == 201, "\(user)")
            #expect(user.json["email"] == "ann@example.org" && user.json["name"] == "Ann")
            #expect(!user.text.contains("scrypt"))
            #expect(try await client.call(.post, "/auth/register", Self.ann).status == 409)
            let session = try await client.call(.post, "/auth/login", Self.ann.merging(patch: ["name": nil]))
            #expect(
                session.status == 200 && session.json["token_type"] == "Bearer" && session.json["expires_in"] == 900)
            #expect(session.headers[.cacheControl] == "no-store")
            var signedIn = client
            signedIn.token = session.json["access_token"]?.stringValue
            let me = try await signedIn.call(.get, "/me")
            #expect(me.status == 200 && me.json == user.json)
            let stored = try #require(try await bed.store.user(email: "ann@example.org"))
            #expect(stored.passwordHash.hasPrefix("$scrypt$ln=4,r=1,p=1$"))
        }
    }

    @Test func whatIsWrongWithARegistrationIsNamed() async throws {
        try await TestBed().run { client in
            let bad: [(String, JSONValue)] = [
                ("email", nil), ("email", 5), ("email", "ann"), ("email", "a@b@c"), ("email", "@example.org"),
                ("email", "ann@"),
                ("email", "a n@example.org"), ("email", "ann@example..org"), ("email", "ann@-x.org"),
                ("email", "a\n@example.org"),
                ("email", .string(String(repeating: "a", count: 65) + "@example.org")), ("password", nil),
                ("password", 5),
                ("password", "elevenchars"), ("password", .string(String(repeating: "p", count: 1_025))), ("name", 5),
                ("role", "admin"),
            ]
            for (field, value) in bad {
                let body = Self.ann.merging(patch: .object([field: value]))
                let reply = try await client.call(.post, "/auth/register", body)
                #expect(reply.status == 422 && reply.message(field) != nil, "\(field) \(value) \(reply)")
            }
            for (field, body): (String, JSONValue) in [("password", ["email": "a@b.c"]), ("email", ["password": "x"])] {
                #expect(try await client.call(.post, "/auth/login", body).message(field) != nil)
            }
            #expect(try await client.call(.post, "/auth/refresh", [:]).message("refresh_token") != nil)
            #expect(try await client.call(.post, "/auth/logout", ["refresh_token": 5]).message("refresh_token") != nil)
        }
    }

    @Test func registrationMayBeClosed() async throws {
        try await TestBed(registration: .closed).run { client in
            let reply = try await client.call(.post, "/auth/register", Self.ann)
            #expect(reply.status == 403)
        }
    }

    @Test func theFirstAccountNeedsTheSetupCode() async throws {
        try await TestBed(registration: .first, setupCode: TestBed.setupCode).run { client in
            for code: JSONValue in [nil, "", "wrong", .string(TestBed.setupCode + "x")] {
                let reply = try await client.call(
                    .post, "/auth/register", Self.ann.merging(patch: ["setup_code": code]))
                #expect(reply.status == 403 && reply.message("setup_code") != nil, "\(reply)")
            }
            let right = Self.ann.merging(patch: ["setup_code": .string(TestBed.setupCode)])
            #expect(try await client.call(.post, "/auth/register", right).status == 201)
            let second = try await client.call(
                .post, "/auth/register", right.merging(patch: ["email": "bob@example.org"]))
            #expect(second.status == 403 && second.json["detail"] == "registration is closed")
        }
    }

    @Test func anUnknownUserAndAWrongPasswordAnswerAlike() async throws {
        try await TestBed().run { client in
            _ = try await client.call(.post, "/auth/register", Self.ann)
            let wrong = try await client.call(
                .post, "/auth/login", Self.login.merging(patch: ["password": "wrong wrong wrong"]))
            let unknown = try await client.call(
                .post, "/auth/login", Self.login.merging(patch: ["email": "nobody@example.org"]))
            #expect(wrong.status == 401 && unknown.status == 401)
            #expect(wrong.json.merging(patch: ["request_id": nil]) == unknown.json.merging(patch: ["request_id": nil]))
        }
    }

    @Test func guessingIsSlowedPerAccountAndPerAddress() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            _ = try await client.call(.post, "/auth/register", Self.ann)
            let guess = Self.login.merging(patch: ["password": "wrong wrong wrong"])
            for _ in 0..<5 { #expect(try await client.call(.post, "/auth/login", guess).status == 401) }
            var wait = 1
            for _ in 0..<3 {
                let refused = try await client.call(.post, "/auth/login", Self.login)
                #expect(refused.status == 429 && refused.headers[.retryAfter] == "\(wait)", "\(refused)")
                bed.clock.advance(by: .seconds(Int64(wait)))
                #expect(try await client.call(.post, "/auth/login", guess).status == 401)
                wait *= 2
            }
            // Another account from the same address waits too.
            let other = try await client.call(.post, "/auth/login", guess.merging(patch: ["email": "bob@example.org"]))
            #expect(other.status == 429)
            bed.clock.advance(by: .seconds(Int64(wait)))
            #expect(try await client.call(.post, "/auth/login", Self.login).status == 200)
        }
    }

    @Test func aThousandGuessesAnHourTryFew() async {
        let clock = TestClock(Instant(seconds: 0))
        let throttle = LoginThrottle(clock: clock, counter: LocalCounter(clock: clock))
        var tried = 0
        for second in 0..<3_600 {
            clock.move(to: Instant(seconds: Int64(second)))
            if await throttle.admit(["account:a", "address:b"]) == nil { tried += 1 }
        }
        #expect(tried <= 30)
        clock.move(to: Instant(seconds: 10_000))
        #expect(await throttle.admit(["account:a"]) == nil)
        for index in 0..<LoginThrottle.tableLimit * 2 { _ = await throttle.admit(["flood:\(index)"]) }
    }

    @Test func nodesThatCountTogetherLetInFew() async {
        let clock = TestClock(Instant(seconds: 0))
        let counter = LocalCounter(clock: clock)
        let nodes = (0..<10).map { _ in LoginThrottle(clock: clock, counter: counter) }
        var tried = 0
        for _ in 0..<1_800 {
            for node in nodes where await node.admit(["account:a", "address:b"]) == nil { tried += 1 }
            clock.advance(by: .seconds(1))
        }
        #expect(tried == LoginThrottle.commonLimit)
        clock.advance(by: LoginThrottle.commonWindow)
        #expect(await nodes[0].admit(["account:a"]) == nil)
        // Whoever signs in is not held up by the failures before, on any node.
        await nodes[0].succeed(account: "account:a", address: "address:b")
        #expect(await nodes[1].admit(["account:a"]) == nil)
    }

    @Test func refreshTokensRotateAndReuseRevokesTheFamily() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            _ = try await client.call(.post, "/auth/register", Self.ann)
            func login() async throws -> JSONValue {
                ["refresh_token": try await client.call(.post, "/auth/login", Self.login).json["refresh_token"] ?? nil]
            }
            let first = try await login()
            let other = try await login()
            let rotated = try await client.call(.post, "/auth/refresh", first)
            #expect(rotated.status == 200, "\(rotated)")
            let second: JSONValue = ["refresh_token": rotated.json["refresh_token"] ?? nil]
            #expect(second != first)
            var signedIn = client
            signedIn.token = rotated.json["access_token"]?.stringValue
            #expect(try await signedIn.call(.get, "/me").json["email"] == "ann@example.org")
            #expect(try await client.call(.post, "/auth/refresh", first).status == 401)
            #expect(try await client.call(.post, "/auth/refresh", second).status == 401)
            // Another sign-in is another family.
            let kept = try await client.call(.post, "/auth/refresh", other)
            #expect(kept.status == 200)
            let last: JSONValue = ["refresh_token": kept.json["refresh_token"] ?? nil]
            #expect(try await client.call(.post, "/auth/logout", last).status == 204)
            #expect(try await client.call(.post, "/auth/refresh", last).status == 401)
            #expect(try await client.call(.post, "/auth/logout", last).status == 204)
            #expect(try await client.call(.post, "/auth/refresh", ["refresh_token": "x"]).status == 401)
            let old = try await login()
            bed.clock.advance(by: .days(31))
            #expect(try await client.call(.post, "/auth/refresh", old).status == 401)
        }
    }

    @Test func anOldHashIsReplacedAtLogin() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            _ = try await client.call(.post, "/auth/register", Self.ann)
            try await makeOld(bed)
            #expect(try await client.call(.post, "/auth/login", Self.login).status == 200)
            let after = try #require(try await bed.store.user(email: "ann@example.org"))
            #expect(after.passwordHash.hasPrefix("$scrypt$ln=4,"))
        }
    }

    @Test func theRightPasswordSignsInWhileAnotherSignInReplacesItsHash() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            _ = try await client.call(.post, "/auth/register", Self.ann)
            for _ in 1...5 {
                try await makeOld(bed)
                async let one = client.call(.post, "/auth/login", Self.login)
                async let other = client.call(.post, "/auth/login", Self.login)
                #expect(try await [one.status, other.status] == [200, 200])
            }
        }
    }

    /// Puts a hash of another cost in place of the one that Ann's password has.
    private func makeOld(_ bed: TestBed) async throws {
        let user = try #require(try await bed.store.user(email: "ann@example.org"))
        let cheap = Passwords(cost: ScryptCost(logRounds: 2, blockSize: 1, parallelism: 1))
        let hash = try await cheap.hash("correct horse battery")
        _ = try await bed.store.changeUser(user.id, space: nil, .rehash(hash, over: user.passwordHash), audit: nil)
    }
}
