import CronModel
import CronSchedule
import CronTesting
import Testing

@Suite struct AccountBehaviour {
    private static func user(_ number: UInt64, in world: World, space: UInt64? = nil, role: UserRole = .admin) -> User {
        User(
            id: UserID(high: 100, low: number), email: "u\(number)@example.org", name: nil, passwordHash: "h",
            createdAt: world.clock.now, space: space.map { UserID(high: 100, low: $0) }, role: role)
    }

    private static func token(_ byte: UInt8, family: UInt64, of user: UserID, in world: World) -> RefreshToken {
        RefreshToken(
            hash: [byte], family: .init(high: 1, low: family), userID: user, expiresAt: world.clock.now + .days(1))
    }

    @Test(arguments: Driver.allCases)
    func anEmailBelongsToOneAccountAndTheFirstIsTheFirst(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            #expect(try await !store.hasUsers())
            let first = Self.user(1, in: world)
            try await store.createUser(first, onlyFirst: true, audit: nil)
            await #expect(throws: StoreError.conflict("an account exists already")) {
                try await store.createUser(Self.user(2, in: world), onlyFirst: true, audit: nil)
            }
            await #expect(throws: StoreError.conflict("an account with this email exists")) {
                try await store.createUser(first, onlyFirst: false, audit: nil)
            }
            #expect(try await store.user(email: "u1@example.org") == first)
            #expect(try await store.user(first.id) == first)
            #expect(try await store.firstUser() == first)
            for number in 2...5 {
                world.clock.advance(by: .seconds(1))
                let member = Self.user(UInt64(number), in: world, space: number < 5 ? 1 : nil, role: .viewer)
                try await store.createUser(member, onlyFirst: false, audit: nil)
            }
            #expect(try await store.firstUser() == first)
            var query = UserQuery(space: first.id)
            query.limit = 2
            let page = try await store.users(query)
            query.after = try #require(page.next)
            let rest = try await store.users(query)
            #expect((page.items + rest.items).map(\.id.low) == [1, 2, 3, 4] && rest.next == nil)
        }
    }

    @Test(arguments: Driver.allCases)
    func aSpaceKeepsAnAdmin(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let (ann, bob) = (Self.user(1, in: world), Self.user(2, in: world, space: 1, role: .editor))
            for user in [ann, bob] { try await store.createUser(user, onlyFirst: false, audit: nil) }
            let refusal = StoreError.conflict("this is the last admin of its space")
            for change in [UserChange.role(.viewer), .disabled(true)] {
                await #expect(throws: refusal) {
                    try await store.changeUser(ann.id, space: ann.id, change, audit: nil)
                }
            }
            #expect(try await store.changeUser(bob.id, space: ann.id, .role(.admin), audit: nil).role == .admin)
            #expect(
                try await store.changeUser(ann.id, space: ann.id, .disabled(true), audit: nil).disabledAt
                    == world.clock.now)
            await #expect(throws: refusal) {
                try await store.changeUser(bob.id, space: ann.id, .role(.viewer), audit: nil)
            }
            await #expect(throws: StoreError.notFound) {
                try await store.changeUser(ann.id, space: bob.id, .disabled(false), audit: nil)
            }
            #expect(try await store.changeUser(ann.id, space: nil, .disabled(false), audit: nil).disabledAt == nil)
            #expect(try await store.changeUser(ann.id, space: nil, .name("Ann"), audit: nil).name == "Ann")
            #expect(try await store.user(ann.id)?.name == "Ann")
        }
    }

    @Test(arguments: Driver.allCases)
    func refreshTokensRotateAndReuseEndsTheFamily(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let user = Self.user(1, in: world)
            try await store.createUser(user, onlyFirst: false, audit: nil)
            let token = { (byte: UInt8) in Self.token(byte, family: 1, of: user.id, in: world) }
            let family = token(1).family
            try await store.addRefreshToken(token(1), audit: nil)
            #expect(try await store.user(session: family) == user)
            #expect(try await store.rotateRefreshToken(hash: [1], next: token(2)) == .rotated(user.id, family))
            #expect(try await store.rotateRefreshToken(hash: [9], next: token(3)) == .unknown)
            #expect(try await store.user(session: family) == user)
            #expect(try await store.rotateRefreshToken(hash: [1], next: token(3)) == .reused(user.id))
            #expect(try await store.user(session: family) == nil, "the whole family is revoked")
            #expect(try await store.rotateRefreshToken(hash: [2], next: token(3)) == .unknown)
            try await store.addRefreshToken(token(4), audit: nil)
            world.clock.advance(by: .days(1))
            #expect(try await store.rotateRefreshToken(hash: [4], next: token(5)) == .unknown, "expired")
            #expect(try await store.user(session: family) == nil, "expired")
        }
    }

    @Test(arguments: Driver.allCases)
    func anotherPasswordEndsTheOtherSessions(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let (ann, bob) = (Self.user(1, in: world), Self.user(2, in: world))
            for user in [ann, bob] { try await store.createUser(user, onlyFirst: false, audit: nil) }
            for number in 1...3 {
                let owner = number < 3 ? ann.id : bob.id
                try await store.addRefreshToken(
                    Self.token(UInt8(number), family: UInt64(number), of: owner, in: world), audit: nil)
            }
            let sessions = (1...3).map { RefreshToken.UserFamily(high: 1, low: $0) }
            func alive() async throws -> [Bool] {
                var found: [Bool] = []
                for session in sessions { found.append(try await store.user(session: session) != nil) }
                return found
            }
            _ = try await store.changeUser(ann.id, space: nil, .rehash("other", over: ann.passwordHash), audit: nil)
            #expect(try await alive() == [true, true, true])
            _ = try await store.changeUser(ann.id, space: nil, .password(hash: "n", keeping: sessions[0]), audit: nil)
            #expect(try await alive() == [true, false, true])
            #expect(try await store.user(ann.id)?.passwordHash == "n")
            _ = try await store.changeUser(bob.id, space: nil, .password(hash: "n", keeping: nil), audit: nil)
            #expect(try await alive() == [true, false, false])
        }
    }

    /// Hashing takes its time: what was proven before it may be another password after it.
    @Test(arguments: Driver.allCases)
    func whatWasProvenAgainstAnotherPasswordCountsNoMore(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let ann = Self.user(1, in: world)
            try await store.createUser(ann, onlyFirst: false, audit: nil)
            let token = Self.token(1, family: 1, of: ann.id, in: world)
            _ = try await store.changeUser(ann.id, space: nil, .password(hash: "new", keeping: nil), audit: nil)
            for change in [
                UserChange.rehash("old again", over: ann.passwordHash),
                .password(hash: "old again", keeping: nil, over: ann.passwordHash),
            ] {
                await #expect(throws: StoreError.conflict("the password was changed meanwhile")) {
                    try await store.changeUser(ann.id, space: nil, change, audit: nil)
                }
            }
            await #expect(throws: StoreError.conflict("the password was changed meanwhile")) {
                try await store.addRefreshToken(token, proven: ann.passwordHash, audit: nil)
            }
            try await store.addRefreshToken(token, proven: "new", audit: nil)
            #expect(try await store.user(ann.id)?.passwordHash == "new")
            var other = Self.user(2, in: world)
            other.space = ann.space
            _ = try await store.createUser(other, onlyFirst: false, audit: nil)
            _ = try await store.changeUser(ann.id, space: nil, .disabled(true), audit: nil)
            await #expect(throws: StoreError.conflict("the password was changed meanwhile")) {
                try await store.addRefreshToken(
                    Self.token(2, family: 2, of: ann.id, in: world), proven: "new", audit: nil)
            }
        }
    }
}
