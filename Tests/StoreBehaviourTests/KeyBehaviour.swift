import CronModel
import CronSchedule
import CronTesting
import Testing

/// Idempotency keys of what creates and of what starts.
@Suite struct KeyBehaviour {
    private static func key(_ name: String, _ digest: UInt8 = 1) -> IdempotencyKey {
        IdempotencyKey(key: name, bodyDigest: [digest])
    }

    @Test(arguments: Driver.allCases)
    func aKeyTriggersOneRun(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let owner = world.owner
            let job = try await world.create("@hourly") { $0.overlap = .allow }
            let other = try await world.create("@hourly")
            let audit: Auditing<ChangedJob> = { _ in Actor(space: owner).entry("job.trigger", target: nil) }
            func trigger(_ job: Job, _ key: IdempotencyKey, version: Int64? = nil) async throws -> ChangedJob {
                try await store.changeJob(
                    job.id, owner: owner, version: version, .trigger(payload: nil), idempotency: key, audit: audit)
            }
            let first = try await trigger(job, Self.key("a"))
            let run = try #require(first.triggered)
            #expect(!first.isReplay)
            world.clock.advance(by: .seconds(1))
            let second = try await trigger(job, Self.key("a"), version: 99)
            #expect(second.isReplay && second.triggered?.id == run.id && second.job.job.id == job.id)
            #expect(try await trigger(job, Self.key("b")).triggered?.id != run.id)
            await #expect(throws: IdempotencyKey.isOfAnother) { _ = try await trigger(job, Self.key("a", 2)) }
            await #expect(throws: IdempotencyKey.isOfAnother) { _ = try await trigger(other, Self.key("a", 3)) }
            let draft = JobDraft(
                id: JobID(high: 5, low: 5), userID: owner, definition: world.definition("@hourly"),
                idempotency: Self.key("a", 4))
            let created = try await store.createJobs([draft])[0]
            #expect(throws: IdempotencyKey.isOfAnother) { _ = try created.get() }

            await #expect(throws: StoreError.self, "what is refused leaves its key free") {
                _ = try await trigger(job, Self.key("c"), version: 99)
            }
            #expect(try await !trigger(job, Self.key("c")).isReplay)
            try await world.runDue()
            let ended = try await trigger(job, Self.key("a"))
            #expect(ended.isReplay && ended.triggered?.status == .success, "as it is now")
            let acts = try await store.audit(AuditQuery(space: owner)).items
            #expect(acts.count == 3, "what was done before is not done again")
            try await world.change(job, .delete)
            #expect(try await trigger(job, Self.key("a")).triggered?.id == run.id)
            world.clock.advance(by: IdempotencyKey.kept)
            #expect(try await !trigger(other, Self.key("a", 3)).isReplay, "it is forgotten")
        }
    }

    @Test(arguments: Driver.allCases)
    func aKeyRedrivesOnce(driver: Driver) async throws {
        try await World.with(driver) { world in
            let store = world.store
            let owner = world.owner
            for delivery in [Delivery.atLeastOnce, .atMostOnce] {
                let job = try await world.create("in 1s") { $0.delivery = delivery }
                world.clock.advance(by: .seconds(1))
                try await world.runDue(World.permanent)
                let dead = try await world.runs(job)[0]
                let key = Self.key("\(delivery)")
                func redrive(_ key: IdempotencyKey) async throws -> RedrivenRun {
                    try await store.redriveRun(dead.id, owner: owner, payload: nil, idempotency: key, audit: nil)
                }
                let first = try await redrive(key)
                let second = try await redrive(key)
                #expect(!first.isReplay && second.isReplay && first.run.id == second.run.id)
                #expect((first.run.id == dead.id) == (delivery == .atLeastOnce))
                await #expect(throws: IdempotencyKey.isOfAnother) {
                    _ = try await redrive(IdempotencyKey(key: key.key, bodyDigest: [9]))
                }
                await #expect(throws: StoreError.self) { _ = try await redrive(Self.key("another")) }
                try await world.runDue()
            }
        }
    }

    @Test(arguments: Driver.allCases)
    func keysOfManyDraftsAreTakenTogether(driver: Driver) async throws {
        try await World.with(driver) { world in
            try await world.create("@hourly") { $0.name = "taken" }
            let definitions = ["a", "taken", "c", "d"].map { name in
                world.definition(name == "c" ? "0 0 30 2 *" : "@hourly") { $0.name = name }
            }
            func create(_ digest: UInt8, from start: UInt64) async throws -> [Result<CreatedJob, StoreError>] {
                try await world.store.createJobs(
                    definitions.enumerated().map { index, definition in
                        JobDraft(
                            id: JobID(high: 7, low: start + UInt64(index)), userID: world.owner,
                            definition: definition, idempotency: index == 3 ? nil : Self.key("k\(index)", digest))
                    })
            }
            func verdicts(_ results: [Result<CreatedJob, StoreError>]) -> [String] {
                results.map { result in
                    switch result {
                    case .success(let created): created.isReplay ? "replay" : "new"
                    case .failure(let error): error == IdempotencyKey.isOfAnother ? "other" : "refused"
                    }
                }
            }
            #expect(verdicts(try await create(1, from: 1)) == ["new", "refused", "refused", "new"])
            let again = try await create(1, from: 11)
            #expect(
                verdicts(again) == ["replay", "refused", "refused", "refused"], "refused ones left their keys free")
            #expect(try again[0].get().job.job.id == JobID(high: 7, low: 1))
            #expect(verdicts(try await create(2, from: 21)) == ["other", "refused", "refused", "refused"])
            try await world.change(try again[0].get().job.job, .delete)
            let gone = try await create(1, from: 31)
            #expect(throws: IdempotencyKey.jobIsGone) { _ = try gone[0].get() }
        }
    }
}
