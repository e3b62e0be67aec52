import CronEngine
import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// Requests about many jobs or dead letters.
@Suite struct BulkTests {
    @Test func aFilterSelectsWhatIsPausedResumedTriggeredAndDeleted() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            for index in 0..<6 {
                _ = try await user.job(["name": .string("job \(index)"), "tags": index < 4 ? ["low"] : ["high"]])
                bed.clock.advance(by: .seconds(1))
            }
            func bulk(_ verb: String, _ body: JSONValue) async throws -> Reply {
                try await user.call(.post, "/jobs/bulk/\(verb)", body)
            }
            func count(_ query: String) async throws -> Int {
                try await user.call(.get, "/jobs?\(query)").items.count
            }
            let dry = try await bulk("pause", ["filter": ["tag": "low"], "dry_run": true])
            #expect(dry.status == 200 && dry.json["count"] == 4 && dry.json["dry_run"] == true, "\(dry)")
            #expect(dry.json["sample"]?.arrayValue?.map { $0["name"] } == (0..<4).map { .string("job \($0)") })
            #expect(try await count("state=paused") == 0)

            let paused = try await bulk("pause", ["filter": ["tag": "low"], "expected_count": 4])
            #expect(paused.json == ["count": 4, "done": 4, "failed": []], "\(paused)")
            #expect(try await count("state=paused") == 4)
            let resumed = try await bulk("resume", ["filter": ["state": "paused", "q": "JOB 1"], "policy": "last"])
            #expect(resumed.json["done"] == 1, "\(resumed)")
            #expect(try await count("state=paused") == 3)
            let triggered = try await bulk("trigger", ["filter": ["all": true], "payload": ["n": 1]])
            #expect(triggered.json["done"] == 6, "\(triggered)")
            #expect(try await user.call(.get, "/runs?origin=trigger").items.count == 6)
            let several = try await bulk("pause", ["filter": ["status": ["PENDING", "DEAD"], "tag": "high"]])
            #expect(several.json["done"] == 2, "\(several)")
            let ids = try await user.call(.get, "/jobs?q=3").items.map { $0["id"] ?? nil }
            let foreign = JSONValue.string(JobID(high: 1, low: 1).description)
            let deleted = try await bulk("delete", ["filter": ["ids": .array(ids + [foreign])]])
            #expect(deleted.json == ["count": 1, "done": 1, "failed": []], "\(deleted)")
            #expect(try await count("q=job") == 5)
            #expect(try await bulk("delete", ["filter": ["ids": []]]).json["count"] == 0)

            let acts = try await user.call(.get, "/audit?limit=1000").items.filter {
                $0["act"]?.stringValue?.hasSuffix("_many") == true
            }
            #expect(acts.map { $0["act"] }.sorted { "\($0)" < "\($1)" }.count == 5, "one line each, none for nothing")
            let line = acts.first { $0["act"] == "job.resume_many" }
            #expect(
                line?["after"] == ["filter": ["state": "paused", "q": "JOB 1"], "count": 1, "policy": "last"],
                "\(line ?? .null)")
        }
    }

    @Test func whatIsNotMeantIsRefused() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            _ = try await user.job()
            let bad: [(JSONValue, String)] = [
                ([:], "filter"), (["filter": [:]], "filter"), (["filter": 1], "filter"), (["filter": nil], "filter"),
                (["filter": ["all": false]], "filter"), (["filter": ["tag": nil]], "filter"),
                (["filter": ["all": true, "tag": "x"]], "filter.all"), (["filter": ["tog": "x"]], "filter.tog"),
                (["filter": ["status": "NEW"]], "filter.status"), (["filter": ["status": []]], "filter.status"),
                (["filter": ["ids": [1]]], "filter.ids[0]"), (["filter": ["state": "x"]], "filter.state"),
                (["filter": ["next_from": "x"]], "filter.next_from"),
                (["filter": ["all": true], "expected_count": -1], "expected_count"),
                (["filter": ["all": true], "dry_run": 1], "dry_run"),
                (["filter": ["all": true], "policy": "last"], "policy"),
            ]
            for verb in ["pause", "trigger", "delete"] {
                for (body, field) in bad {
                    let reply = try await user.call(.post, "/jobs/bulk/\(verb)", body)
                    #expect(reply.status == 422 && reply.message(field) != nil, "\(verb) \(body) \(reply)")
                }
                for isDry in [true, false] {
                    let other = try await user.call(
                        .post, "/jobs/bulk/\(verb)",
                        ["filter": ["all": true], "expected_count": 2, "dry_run": .bool(isDry)])
                    #expect(other.status == 409 && other.json["count"] == 1, "\(other)")
                }
            }
            #expect(try await user.call(.get, "/jobs?state=active").items.count == 1)
            #expect(try await user.call(.get, "/runs?origin=trigger").items.isEmpty)
        }
    }

    @Test func aRequestThatIsAboutTooManyTellsHowMany() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            for name in ["a", "b", "c"] { _ = try await user.job(["name": .string(name)]) }
            let space = try #require((try await user.call(.get, "/me")).json["space"]?.stringValue)
            let actor = Actor(space: try #require(UserID(space)))
            let control = JobControl(
                store: bed.store, actions: ActionRegistry([TestAction()]), signal: bed.signal, vault: bed.vault,
                matchLimit: 2)
            let refusal = ControlError.tooMany(3, limit: 2)
            for isDry in [true, false] {
                let body: JSONValue = ["filter": ["all": true], "dry_run": .bool(isDry)]
                await #expect(throws: refusal) { _ = try await control.decideMany(.delete, body: body, by: actor) }
            }
            let problem = Problem(control: refusal)
            #expect(problem.kind == .limitReached && problem.members == ["count": 3, "limit": 2])
            #expect(try await user.call(.get, "/jobs").items.count == 3)
        }
    }

    @Test func aStoreThatGoesAwayIsNotAskedForTheRest() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let (control, store, actor) = try await twentyJobs(bed, user)
            store.fail(.changeJob, nil, nil, .beforeCommit)
            guard
                case .done(let some) = try await control.decideMany(
                    .pause, body: ["filter": ["all": true]], by: actor)
            else { return #expect(Bool(false)) }
            #expect(some.count == 20 && some.done >= 2 && some.done + some.failed.count == 20)
            #expect(try await user.call(.get, "/jobs?state=paused").items.count == some.done)
            #expect(store.count(.changeJob) < 10, "\(store.count(.changeJob))")
            store.fail(.changeJob, .beforeCommit, .beforeCommit, .beforeCommit, .beforeCommit)
            await #expect(throws: ControlError.self, "nothing was done") {
                _ = try await control.decideMany(.delete, body: ["filter": ["all": true]], by: actor)
            }
        }
    }

    @Test func aChangeWhoseAnswerIsLostIsNotToldAsUndone() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let (control, store, actor) = try await twentyJobs(bed, user)
            store.fail(.changeJob, .afterCommit, .beforeCommit, .beforeCommit, .beforeCommit)
            guard
                case .done(let none) = try await control.decideMany(
                    .pause, body: ["filter": ["all": true]], by: actor)
            else { return #expect(Bool(false)) }
            #expect(none.count == 20 && none.done == 0)
            let lost = none.failed.filter { $0.error == .store(.outcomeUnknown("the answer of changeJob was lost")) }
            let paused = try await user.call(.get, "/jobs?state=paused").items
            #expect(lost.count == 1 && paused.count == 1)
            #expect(paused.first?["name"] == lost.first.map { JSONValue.string($0.job.name) })
        }
    }

    /// Control of a space with twenty jobs, over a store that fails when it is told to.
    private func twentyJobs(
        _ bed: TestBed, _ user: TestClient
    ) async throws -> (control: JobControl, store: FaultyStore, actor: Actor) {
        for index in 0..<20 { _ = try await user.job(["name": .string("job \(index)")]) }
        let space = try #require((try await user.call(.get, "/me")).json["space"]?.stringValue)
        let store = FaultyStore(bed.store)
        let control = JobControl(
            store: store, actions: ActionRegistry([TestAction()]), signal: bed.signal, vault: bed.vault)
        return (control, store, Actor(space: try #require(UserID(space))))
    }

    @Test func jobsThatRefuseAreToldOneByOne() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let done = try await user.job(["name": "done", "schedule": "in 30m"])
            _ = try await user.call(.post, "/jobs/\(done)/cancel")
            _ = try await user.job(["name": "live"])
            let reply = try await user.call(.post, "/jobs/bulk/pause", ["filter": ["all": true]])
            #expect(reply.json["count"] == 2 && reply.json["done"] == 1, "\(reply)")
            let failed = reply.json["failed"]?.arrayValue?.first
            #expect(failed?["id"] == .string(done) && failed?["name"] == "done", "\(reply)")
            #expect(failed?["error"]?["status"] == 409)
        }
    }

    @Test func aRoleMayDoToManyWhatItMayDoToOne() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            _ = try await user.job()
            let key = try await user.call(.post, "/api-keys", ["name": "k", "scopes": ["jobs:operate"]])
            var operating = client
            operating.token = try #require(key.json["key"]?.stringValue)
            let body: JSONValue = ["filter": ["all": true]]
            for verb in ["pause", "resume", "trigger"] {
                #expect(try await operating.call(.post, "/jobs/bulk/\(verb)", body).status == 200, "\(verb)")
            }
            #expect(try await operating.call(.post, "/jobs/bulk/delete", body).status == 403)
            #expect(try await client.user("bob").call(.post, "/jobs/bulk/delete", body).json["count"] == 0)
        }
    }

    @Test func deadLettersAreChosenByWhatTheyHaveInCommon() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let low = try await user.job(["name": "low", "tags": ["low"], "type": "t"])
            let high = try await user.job(["name": "high"])
            var dead: [RunID] = []
            for job in [low, high, low, high] {
                dead.append(try await bed.deadLetter(of: job))
                bed.clock.advance(by: .seconds(1))
            }
            func decide(_ body: JSONValue, _ verb: String = "discard") async throws -> Reply {
                try await user.call(.post, "/dead-letters/\(verb)", body)
            }
            let from: JSONValue = "2026-11-02T08:30:01Z"
            let dry = try await decide(["from": from, "to": "2026-11-02T08:30:03Z", "dry_run": true])
            #expect(dry.status == 200 && dry.json["count"] == 2 && dry.json["dry_run"] == true, "\(dry)")
            #expect(dry.json["sample"]?.arrayValue?.first?["id"] == .string(dead[1].description))
            for (body, count): (JSONValue, JSONValue) in [
                (["tag": "low"], 2), (["type": "t", "from": from], 1), (["all": true], 4), (["tag": "none"], 0),
                (["ids": [.string("\(dead[0])"), .string("\(RunID(high: 1, low: 1))")]], 1),
                (["job_id": .string(high), "to": from], 0),
            ] {
                let reply = try await decide(body.merging(patch: ["dry_run": true]))
                #expect(reply.json["count"] == count, "\(body) \(reply)")
            }
            let other = try await decide(["all": true, "expected_count": 5])
            #expect(other.status == 409 && other.json["count"] == 4, "\(other)")
            let acts = try await user.call(.get, "/audit").items.count
            let redriven = try await decide(["tag": "low", "expected_count": 2], "redrive")
            #expect(redriven.json["results"]?.arrayValue?.map { $0["status"] } == [202, 202], "\(redriven)")
            #expect(try await user.call(.get, "/audit").items.count == acts + 1)
            let rest = try await decide(["all": true])
            #expect(rest.json["results"]?.arrayValue?.count == 2 && rest.json["has_more"] == false)
            let bad: [(JSONValue, String)] = [
                (["all": false], "ids"), (["ids": [], "tag": "x"], "ids"), (["all": true, "tag": "x"], "all"),
                (["from": "x"], "from"), (["tag": 1], "tag"),
            ]
            for (body, field) in bad {
                #expect(try await decide(body).message(field) != nil, "\(body)")
            }
            #expect(try await user.call(.get, "/dead-letters?tag=low").items.isEmpty)
        }
    }

    @Test func aKeyStartsOneRunOnly() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let job = try await user.job(["overlap": "allow"])
            let other = try await user.job(["name": "b"])
            let key: HTTPFields = [.idempotencyKey: "k1"]
            let body: JSONValue = ["payload": ["n": 1]]
            let first = try await user.call(.post, "/jobs/\(job)/trigger", body, headers: key)
            #expect(first.status == 202 && first.headers[.idempotencyReplayed] == nil, "\(first)")
            bed.clock.advance(by: .seconds(1))
            let second = try await user.call(.post, "/jobs/\(job)/trigger", body, headers: key)
            #expect(second.status == 202 && second.headers[.idempotencyReplayed] == "true", "\(second)")
            #expect(second.json["id"] == first.json["id"] && second.headers[.location] == first.headers[.location])
            let wrong: [(String, JSONValue?)] = [
                ("/jobs/\(job)/trigger", ["payload": ["n": 2]]), ("/jobs/\(job)/trigger", nil),
                ("/jobs/\(other)/trigger", body), ("/jobs", Jobs.valid.merging(patch: ["name": "c"])),
            ]
            for (path, body) in wrong {
                let reply = try await user.call(.post, path, body, headers: key)
                #expect(reply.status == 409, "\(path) \(reply)")
            }
            #expect(try await user.call(.get, "/runs?origin=trigger").items.count == 1)
            #expect(
                try await user.call(.get, "/audit?limit=1000").items.count { $0["act"] == "job.trigger" } == 1)

            _ = try await user.call(.post, "/runs/\(first.json["id"]?.stringValue ?? "")/cancel")
            let dead = try await bed.deadLetter(of: job)
            let again: HTTPFields = [.idempotencyKey: "k2"]
            let redriven = try await user.call(.post, "/runs/\(dead)/redrive", headers: again)
            let replayed = try await user.call(.post, "/runs/\(dead)/redrive", headers: again)
            #expect(redriven.status == 202 && replayed.status == 202, "\(redriven) \(replayed)")
            #expect(replayed.headers[.idempotencyReplayed] == "true" && replayed.json["id"] == redriven.json["id"])
            #expect(try await user.call(.post, "/runs/\(dead)/redrive", ["payload": 1], headers: again).status == 409)

            let many: JSONValue = ["filter": ["all": true]]
            let bulk: HTTPFields = [.idempotencyKey: "k3"]
            let before = try await user.call(.get, "/runs?origin=trigger").items.count
            for _ in 0..<2 {
                let reply = try await user.call(.post, "/jobs/bulk/trigger", many, headers: bulk)
                #expect(reply.json["done"] == 2, "\(reply)")
            }
            #expect(try await user.call(.get, "/runs?origin=trigger").items.count == before + 2)
        }
    }
}
