import CronModel
import CronSchedule
import CronTesting
import HTTPTypes
import Testing

@testable import CronHTTP

/// Filters and orders of lists as clients ask for them.
@Suite struct ListTests {
    private static func names(_ reply: Reply) -> [String] { reply.items.compactMap { $0["name"]?.stringValue } }

    @Test func jobsAreSortedAndPagedByWhatTheClientSays() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            for (name, schedule) in [("b", "0 5 * * *"), ("c", "0 4 * * *"), ("a", "0 6 * * *"), ("d", "0 3 * * *")] {
                _ = try await user.job(["name": .string(name), "schedule": .string(schedule)])
                bed.clock.advance(by: .seconds(1))
            }
            let d = try await user.call(.get, "/jobs?q=d").items[0]["id"]?.stringValue ?? ""
            _ = try await user.call(.post, "/jobs/\(d)/pause")
            let orders = [
                "created_at": ["b", "c", "a", "d"], "updated_at": ["b", "c", "a", "d"], "name": ["a", "b", "c", "d"],
                "next_run_time": ["c", "b", "a", "d"],
            ]
            var cursors: [String: String] = [:]
            for (sort, expected) in orders {
                for order in ["asc", "desc"] {
                    var seen: [String] = []
                    var cursor = ""
                    repeat {
                        let page = try await user.call(
                            .get,
                            "/jobs?sort=\(sort)&order=\(order)&limit=1\(cursor.isEmpty ? "" : "&cursor=\(cursor)")")
                        seen += Self.names(page)
                        cursor = page.json["next_cursor"]?.stringValue ?? ""
                        if !cursor.isEmpty { cursors[sort] = cursor }
                    } while !cursor.isEmpty
                    #expect(seen == (order == "asc" ? expected : expected.reversed()), "\(sort) \(order)")
                }
            }
            for (sort, cursor) in cursors {
                for other in orders.keys where other != sort {
                    let reply = try await user.call(.get, "/jobs?sort=\(other)&cursor=\(cursor)")
                    #expect(
                        reply.status == 422 && reply.message("cursor")?.contains("sorted by \"\(sort)\"") == true,
                        "\(sort) as \(other): \(reply)")
                }
            }
            let foreign = try await user.call(.get, "/runs?cursor=\(cursors["name"] ?? "")")
            #expect(foreign.status == 422 && foreign.message("cursor") != nil, "\(foreign)")
            #expect(try await user.call(.get, "/jobs?sort=age").message("sort") != nil)
        }
    }

    @Test func jobsAndRunsAreNarrowed() async throws {
        let bed = try await TestBed()
        try await bed.run { client in
            let user = try await client.user("ann")
            let bad = try await user.job(["name": "bad", "tags": ["t"], "type": "x"])
            bed.clock.advance(by: .seconds(1))
            let good = try await user.job(["name": "good", "schedule": "0 4 * * *"])
            let dead = try await bed.deadLetter(of: bad).description
            _ = try await bed.triggered(good)
            let jobs: [(String, [String])] = [
                ("status=DEAD", ["bad"]), ("status=failed,SUCCESS", ["bad"]), ("status=PENDING", ["good"]),
                ("next_from=2026-11-03T04:00:00Z", ["good"]), ("next_to=2026-11-03T04:00:00Z", ["bad"]),
                ("created_from=2026-11-02T08:30:01Z", ["good"]), ("created_to=2026-11-02T08:30:01Z", ["bad"]),
                ("next_from=2026-11-03T03:00:00Z&next_to=2026-11-03T04:00:00.000001Z", ["bad", "good"]),
            ]
            for (query, expected) in jobs {
                #expect(Self.names(try await user.call(.get, "/jobs?\(query)")) == expected, "\(query)")
            }
            for query in [
                "tag=t", "type=x", "tag=t&type=x&origin=trigger", "status=DEAD&tag=t", "origin=redrive,trigger&tag=t",
            ] {
                let ids = try await user.call(.get, "/runs?\(query)").items.map { $0["id"] }
                #expect(ids == [.string(dead)], "\(query)")
            }
            #expect(try await user.call(.get, "/runs?origin=trigger").items.count == 2)
            #expect(try await user.call(.get, "/runs?origin=schedule").items.allSatisfy { $0["origin"] == "schedule" })
            #expect(try await user.call(.get, "/runs?tag=none").items.isEmpty)
            for query in ["jobs?status=NEW", "jobs?next_from=x", "jobs?created_to=5", "runs?origin=moon"] {
                let name = query.split { "?=".contains($0) }[1]
                #expect(try await user.call(.get, "/\(query)").message(String(name)) != nil, "\(query)")
            }
        }
    }
}
