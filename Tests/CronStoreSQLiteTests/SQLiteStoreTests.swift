import CronModel
import CronSchedule
import CronStoreSQLite
import CronTesting
import Foundation
import GRDB
import Testing

@Suite struct SQLiteStoreTests {
    private static let owner = UserID(high: 1, low: 1)

    /// A directory for one test's database.
    private static func withPath(_ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-sqlite-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(directory.appending(path: "test.sqlite").path)
    }

    private static func draft(_ number: UInt64, schedule: String = "0 * * * * *") -> JobDraft {
        JobDraft(
            id: JobID(high: 5, low: number), userID: owner,
            definition: JobDefinition(
                name: "job-\(number)", schedule: schedule, action: ActionDefinition(type: "test", fields: [:])))
    }

    @Test func aSecondOpenIsRefusedAndNamesTheHolder() async throws {
        try await Self.withPath { path in
            let store = try SQLiteStore.open(path: path, clock: TestClock())
            let pid = ProcessInfo.processInfo.processIdentifier
            #expect {
                try SQLiteStore.open(path: path, clock: TestClock())
            } throws: { error in
                "\(error)".contains("pid \(pid)") && "\(error)".contains(path)
            }
            await store.close()
            let again = try SQLiteStore.open(path: path, clock: TestClock())
            await again.close()
        }
    }

    @Test func theFileIsPrivateAndCommitsAreDurable() async throws {
        try await Self.withPath { path in
            let store = try SQLiteStore.open(path: path, clock: TestClock())
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try await store.pragma("journal_mode") == "wal")
            #expect(try await store.pragma("synchronous") == "2", "FULL")
            await store.close()
        }
    }

    @Test func everythingIsThereAfterReopening() async throws {
        try await Self.withPath { path in
            let clock = TestClock()
            var store = try SQLiteStore.open(path: path, clock: clock)
            let created = try await store.createJobs([Self.draft(1), Self.draft(2, schedule: "in 30m")]).map {
                try $0.get()
            }
            await store.close()
            store = try SQLiteStore.open(path: path, clock: clock)
            for one in created {
                let view = try #require(try await store.job(one.job.job.id, owner: Self.owner))
                #expect(view.job == one.job.job)
                #expect(view.nextRunTime == one.job.nextRunTime)
            }
            await store.close()
        }
    }

    @Test func aNewerSchemaIsRefused() async throws {
        try await Self.withPath { path in
            let store = try SQLiteStore.open(path: path, clock: TestClock())
            await store.close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('v999')") }
            try queue.close()
            #expect {
                try SQLiteStore.open(path: path, clock: TestClock())
            } throws: { error in
                "\(error)".contains("newer cronpp")
            }
        }
    }

    @Test func verbsThatWaitTogetherAreCommittedTogether() async throws {
        try await Self.withPath { path in
            let store = try SQLiteStore.open(path: path, clock: TestClock())
            let before = store.commitCount
            let created = await withTaskGroup(of: Bool.self) { group in
                for number in 1...200 {
                    group.addTask { (try? await store.createJobs([Self.draft(UInt64(number))])[0].get()) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(created == 200)
            #expect(store.commitCount - before < 100, "200 callers, \(store.commitCount - before) commits")
            await store.close()
        }
    }

    @Test func oneVerbsFailureTakesBackOnlyItself() async throws {
        try await Self.withPath { path in
            let store = try SQLiteStore.open(path: path, clock: TestClock())
            let drafts = [Self.draft(1), Self.draft(1), Self.draft(2, schedule: "nonsense"), Self.draft(3)]
            let results = try await store.createJobs(drafts)
            #expect(results.map { (try? $0.get()) != nil } == [true, false, false, true])
            #expect(try await store.jobs(JobQuery(owner: Self.owner)).items.count == 2)
            await store.close()
        }
    }

    @Test func aStepBackOfTheClockFiresNothingTwice() async throws {
        try await Self.withPath { path in
            let clock = TestClock()
            let store = try SQLiteStore.open(path: path, clock: clock)
            let job = try await store.createJobs([Self.draft(1, schedule: "* * * * * *")])[0].get().job.job
            let node = NodeID(high: 1, low: 1)
            let request = PlanRequest(node: node, lead: .seconds(5), threshold: .milliseconds(2_500), claimLimit: 100)
            clock.advance(by: .seconds(10))
            let first = try await store.plan(request)
            clock.advance(by: .seconds(-60))
            #expect(try await store.plan(request).planned == 0)
            #expect(
                try await store.changeJob(job.id, owner: Self.owner, version: nil, .pause).job.job.updatedAt
                    >= TestClock.start + .seconds(10))
            #expect(first.planned == 15)
            await store.close()
        }
    }

    @Test func aFullDiskIsUnavailableAndNothingIsHalfDone() async throws {
        try await Self.withPath { path in
            let store = try SQLiteStore.open(path: path, clock: TestClock())
            _ = try await store.pragma("max_page_count = 60")
            var made: UInt64 = 0
            var failure: StoreError?
            while failure == nil, made < 2_000 {
                do throws(StoreError) {
                    _ = try await store.createJobs([Self.draft(made + 1)])[0].get()
                    made += 1
                } catch {
                    failure = error
                }
            }
            guard case .unavailable(let text) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(text.contains("full"))
            _ = try await store.pragma("max_page_count = 100000")
            _ = try await store.createJobs([Self.draft(made + 1)])[0].get()
            var query = JobQuery(owner: Self.owner)
            query.limit = 1_000
            #expect(try await store.jobs(query).items.count == Int(made) + 1)
            await store.close()
        }
    }
}
