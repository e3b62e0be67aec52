import CronModel
import CronSchedule
import Testing

/// What every lock provider does.
@Suite(.serialized, .timeLimit(.minutes(1))) struct LockBehaviour {
    private let ttl = Span.minutes(10)

    @Test(arguments: Backend.allCases) func oneOwnerHoldsAName(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, b) = (try await bench.locks("a"), try await bench.locks("b"))
            let held = try #require(await a.acquire("shard", ttl: ttl).token)
            #expect(held.name == "shard")
            #expect(await b.acquire("shard", ttl: ttl) == .heldByOther)
            await a.release(held)
            #expect(await b.acquire("shard", ttl: ttl).token != nil)
            #expect(await a.acquire("shard", ttl: ttl) == .heldByOther)
        }
    }

    @Test(arguments: Backend.allCases) func ofManyAtOnceOneIsGranted(_ backend: Backend) async throws {
        try await backend.run { bench in
            var owners: [any LockProvider] = []
            for index in 0..<8 { owners.append(try await bench.locks("owner \(index)")) }
            let granted = await withTaskGroup(of: [String].self) { group in
                for owner in owners {
                    group.addTask {
                        var names: [String] = []
                        for name in (0..<25).map({ "shard \($0)" }) {
                            if await owner.acquire(name, ttl: ttl).token != nil { names.append(name) }
                        }
                        return names
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(granted.count == 25 && Set(granted).count == 25)
        }
    }

    @Test(arguments: Backend.allCases) func aLockExpires(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, b) = (try await bench.locks("a"), try await bench.locks("b"))
            let held = try #require(await a.acquire("shard", ttl: .milliseconds(300)).token)
            let other = try #require(await a.acquire("other", ttl: ttl).token)
            try await bench.pass(.milliseconds(400))
            #expect(await a.extend(held, ttl: ttl) == .heldByOther)
            #expect(await b.acquire("shard", ttl: ttl).token != nil)
            #expect(await b.acquire(other.name, ttl: ttl) == .heldByOther)
        }
    }

    @Test(arguments: Backend.allCases) func anExtendedLockLivesOn(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, b) = (try await bench.locks("a"), try await bench.locks("b"))
            let held = try #require(await a.acquire("shard", ttl: .seconds(20)).token)
            #expect(await a.extend(held, ttl: ttl) == .heldByMe(held))
            // And may be extended to less.
            #expect(await a.extend(held, ttl: .milliseconds(100)) == .heldByMe(held))
            try await bench.pass(.milliseconds(200))
            #expect(await b.acquire("shard", ttl: ttl).token != nil)
        }
    }

    @Test(arguments: Backend.allCases) func onlyTheHolderGivesBack(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, b) = (try await bench.locks("a"), try await bench.locks("b"))
            let lost = try #require(await a.acquire("shard", ttl: .milliseconds(100)).token)
            try await bench.pass(.milliseconds(200))
            let held = try #require(await b.acquire("shard", ttl: ttl).token)
            await a.release(lost)
            await b.release(lost)
            #expect(await a.acquire("shard", ttl: ttl) == .heldByOther)
            #expect(await b.extend(held, ttl: ttl) == .heldByMe(held))
        }
    }

    @Test(arguments: Backend.allCases) func anOwnerTakesFromItself(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, almostA) = (try await bench.locks("a"), try await bench.locks("ab"))
            let first = try #require(await a.acquire("shard", ttl: ttl).token)
            let second = try #require(await a.acquire("shard", ttl: ttl).token)
            #expect(first != second)
            #expect(await a.extend(first, ttl: ttl) == .heldByOther)
            await a.release(first)
            #expect(await almostA.acquire("shard", ttl: ttl) == .heldByOther)
            await a.release(second)
            await a.release(second)
            #expect(await almostA.acquire("shard", ttl: ttl).token != nil)
        }
    }

    @Test(arguments: Backend.allCases) func namesDoNotMeet(_ backend: Backend) async throws {
        try await backend.run { bench in
            let (a, b) = (try await bench.locks("a"), try await bench.locks("b"))
            let names = (0..<200).map { "shard \($0)" } + ["", "\0", "a\r\nb", "ümläut", "*", "\0\0"]
            for name in names { #expect(await a.acquire(name, ttl: ttl).token?.name == name) }
            for name in names { #expect(await b.acquire(name, ttl: ttl) == .heldByOther) }
        }
    }
}
