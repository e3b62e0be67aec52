import CronModel
import CronSchedule
import CronTesting
import Crypto
import Testing

@Suite struct ResourceBehaviour {
    private static let space = UserID(high: 5, low: 1)
    private static let other = UserID(high: 5, low: 2)
    private static let actor = Actor(
        space: space, user: space, key: ResourceID(high: 1, low: 1), address: "192.0.2.7", requestID: "r-1")

    private static func draft(
        _ number: UInt64, _ name: String, kind: Resource.Kind = .secret, space: UserID = space, lookup: [UInt8]? = nil,
        in world: World
    ) -> Resource {
        Resource(
            id: ResourceID(high: 7, low: number), kind: kind, space: space, name: name, lookup: lookup,
            body: .object(["n": .integer(Int64(number))]), createdAt: world.clock.now)
    }

    @Test(arguments: Driver.allCases)
    func resourcesAreMadeChangedAndDeleted(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            world.clock.advance(by: .seconds(3))
            let made = try await store.createResource(Self.draft(1, "a", lookup: [1, 2], in: world), audit: nil)
            #expect(made.version == 1 && made.createdAt == world.clock.now)
            #expect(try await store.resource(made.id, .secret, spaces: [Self.space]) == made)
            #expect(try await store.resource(made.id, .secret, spaces: [Self.other]) == nil)
            #expect(try await store.resource(made.id, .jobType, spaces: [Self.space]) == nil)
            #expect(try await store.resource(named: "a", .secret, space: Self.space) == made)
            #expect(try await store.resource(named: "a", .secret, space: Self.other) == nil)
            #expect(try await store.resource(lookup: [1, 2], .secret) == made)
            #expect(try await store.resource(lookup: [1, 2], .apiKey) == nil)

            world.clock.advance(by: .seconds(1))
            let change = ResourceChange(name: "b", body: .string("x"))
            await #expect(throws: StoreError.versionMismatch(current: 1)) {
                try await store.changeResource(
                    made.id, .secret, space: Self.space, version: 2, change, audit: nil)
            }
            await #expect(throws: StoreError.notFound) {
                try await store.changeResource(made.id, .secret, space: Self.other, version: nil, change, audit: nil)
            }
            let changed = try await store.changeResource(
                made.id, .secret, space: Self.space, version: 1, change, audit: nil)
            #expect(changed.version == 2 && changed.name == "b" && changed.body == .string("x"))
            #expect(changed.createdAt == made.createdAt && changed.updatedAt == world.clock.now)
            #expect(try await store.resource(made.id, .secret, spaces: [Self.space]) == changed)

            await #expect(throws: StoreError.notFound) {
                try await store.deleteResource(made.id, .secret, space: Self.other, version: nil, audit: nil)
            }
            try await store.deleteResource(made.id, .secret, space: Self.space, version: 2, audit: nil)
            #expect(try await store.resource(made.id, .secret, spaces: [Self.space]) == nil)
        }
    }

    @Test(arguments: Driver.allCases)
    func namesIdsAndLookupsAreUnique(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            _ = try await store.createResource(Self.draft(1, "a", lookup: [1], in: world), audit: nil)
            let taken = StoreError.conflict("a secret named \"a\" exists")
            await #expect(throws: taken) {
                try await store.createResource(Self.draft(2, "a", in: world), audit: nil)
            }
            let exists = StoreError.conflict("a secret with this id exists")
            await #expect(throws: exists) {
                try await store.createResource(Self.draft(1, "b", in: world), audit: nil)
            }
            await #expect(throws: exists) {
                try await store.createResource(Self.draft(3, "c", lookup: [1], in: world), audit: nil)
            }
            _ = try await store.createResource(Self.draft(4, "a", space: Self.other, in: world), audit: nil)
            _ = try await store.createResource(Self.draft(5, "a", kind: .jobType, in: world), audit: nil)
            let second = try await store.createResource(Self.draft(6, "z", in: world), audit: nil)
            await #expect(throws: taken) {
                try await store.changeResource(
                    second.id, .secret, space: Self.space, version: nil, ResourceChange(name: "a", body: .null),
                    audit: nil)
            }
            _ = try await store.createResource(Self.draft(7, "k", kind: .dataKey, in: world), audit: nil)
            await #expect(throws: StoreError.limitReached("there are 1 data keys already")) {
                try await store.createResource(Self.draft(8, "l", kind: .dataKey, in: world), audit: nil)
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func listsArePagedAndFiltered(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            for (number, name) in ["Alpha", "beta", "alphabet", "gamma"].enumerated() {
                let space = number == 3 ? Resource.everybody : Self.space
                _ = try await store.createResource(
                    Self.draft(UInt64(number), name, space: space, in: world), audit: nil)
                world.clock.advance(by: .seconds(1))
            }
            var query = ResourceQuery(.secret, spaces: [Self.space, Resource.everybody])
            query.limit = 3
            let page = try await store.resources(query)
            query.after = try #require(page.next)
            #expect(page.items.map(\.name) == ["Alpha", "beta", "alphabet"])
            #expect(try await store.resources(query).items.map(\.name) == ["gamma"])
            query.after = nil
            query.descending = true
            #expect(try await store.resources(query).items.map(\.name) == ["gamma", "alphabet", "beta"])
            query.text = "ALPHA"
            #expect(try await store.resources(query).items.map(\.name) == ["alphabet", "Alpha"])
            query = ResourceQuery(.secret, spaces: [Self.other])
            #expect(try await store.resources(query).items.isEmpty)
        }
    }

    @Test(arguments: Driver.allCases)
    func eachActIsOneLineOfAChain(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let actor = Self.actor
            let made = try await store.createResource(Self.draft(1, "a", in: world)) {
                actor.entry("secret.create", target: $0.id.description, after: .object(["name": .string($0.name)]))
            }
            // What is refused leaves no line.
            await #expect(throws: StoreError.self) {
                try await store.createResource(Self.draft(2, "a", in: world)) { actor.entry("x", target: $0.name) }
            }
            world.clock.advance(by: .seconds(1))
            _ = try await store.changeResource(
                made.id, .secret, space: Self.space, version: nil, ResourceChange(body: .null)
            ) { actor.entry("secret.edit", target: $0.after.id.description, before: $0.before.body) }
            try await store.appendAudit(actor.entry("bulk", target: nil))
            try await store.deleteResource(made.id, .secret, space: Self.space, version: nil) {
                actor.entry("secret.delete", target: $0.id.description)
            }
            try await store.appendAudit(Actor(space: Self.other).entry("elsewhere", target: nil))

            let all = try await store.audit(AuditQuery(space: Self.space)).items
            #expect(all.map(\.sequence) == [1, 2, 3, 4])
            #expect(
                all.map { JSONValue(text: $0.text)?["act"] } == [
                    .string("secret.create"), .string("secret.edit"), .string("bulk"), .string("secret.delete"),
                ])
            let first = try #require(JSONValue(text: all[0].text))
            #expect(first["user_id"] == .string(Self.space.description))
            #expect(first["address"] == .string("192.0.2.7") && first["request_id"] == .string("r-1"))
            var last: [UInt8] = []
            for record in all {
                let chained = AuditRecord.chained(
                    after: last, sequence: record.sequence, at: record.at, text: record.text)
                last = Array(SHA256.hash(data: chained))
                #expect(record.hash == last)
            }
            var query = AuditQuery(space: Self.space)
            query.target = made.id.description
            query.descending = true
            query.limit = 2
            let page = try await store.audit(query)
            query.after = try #require(page.next)
            #expect((page.items + (try await store.audit(query)).items).map(\.sequence) == [4, 2, 1])
            query = AuditQuery(space: Self.space)
            query.from = world.clock.now
            #expect(try await store.audit(query).items.map(\.sequence) == [2, 3, 4])
            query.to = world.clock.now
            #expect(try await store.audit(query).items.isEmpty)
            #expect(try await store.audit(AuditQuery(space: Self.other)).items.count == 1)
        }
    }

    @Test(arguments: Driver.allCases)
    func actsOnJobsAndRunsAreRememberedWithThem(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let actor = Actor(space: world.owner)
            let draft = JobDraft(
                id: JobID(high: 3, low: 3), userID: world.owner, definition: world.definition("* * * * *"))
            let created = try await store.createJobs([draft]) { results in
                actor.entry("job.create", target: nil, after: .integer(Int64(results.count)))
            }
            let job = try created[0].get().job.job
            let taken = try await store.createJobs([draft]) { results in
                if case .failure = results[0] { nil } else { actor.entry("never", target: nil) }
            }
            #expect(throws: StoreError.self) { try taken[0].get() }
            let triggered = try await store.changeJob(
                job.id, owner: world.owner, version: nil, .trigger(payload: nil)
            ) {
                #expect($0.before.version == job.version)
                return actor.entry("job.trigger", target: $0.triggered?.id.description)
            }
            let run = try #require(triggered.triggered)
            _ = try await store.cancelRun(run.id, owner: world.owner) {
                actor.entry("run.cancel", target: $0.id.description)
            }
            await #expect(throws: StoreError.self) {
                try await store.cancelRun(run.id, owner: world.owner) {
                    actor.entry("never", target: $0.id.description)
                }
            }
            let acts = try await store.audit(AuditQuery(space: world.owner)).items.map {
                JSONValue(text: $0.text)?["act"]?.stringValue
            }
            #expect(acts == ["job.create", "job.trigger", "run.cancel"])
        }
    }

    /// Lines of one space written at once are one chain all the same.
    @Test(arguments: Driver.allCases)
    func linesWrittenAtOnceAreOneChain(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let actor = Self.actor
            try await withThrowingTaskGroup(of: Void.self) { group in
                // No more writers than wait for each other's turn within the store's limit on the busiest machine.
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<5 {
                            try await store.appendAudit(actor.entry("act \(writer).\(number)", target: nil))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let all = try await store.audit(AuditQuery(space: Self.space)).items
            #expect(all.map(\.sequence) == (1...20).map { Int64($0) })
            #expect(Set(all.map(\.text)).count == 20)
        }
    }
}
