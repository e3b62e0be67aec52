import CronModel
import HTTPTypes
import Testing

@testable import CronHTTP

/// What the document says and the readers once saw otherwise: found by requests made from the document.
@Suite struct ExactnessTests {
    @Test(arguments: ["1e19", "-1e19", "1e300", "9223372036854775808"])
    func numbersBeyond64BitsAreRefusedHoweverTheyAreWritten(_ number: String) async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.send(.post, "/jobs", Array(#"{"payload": \#(number)}"#.utf8))
            #expect(reply.status == 400 && reply.problem == "malformed-json", "\(reply)")
        }
    }

    @Test func whatIsStoredStaysReadable() {
        #expect(JSONValue(text: "[1e300]") == [1e300])
    }

    @Test func aWholeNumberMayHaveAPoint() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let id = try await user.job(["priority": 5.0, "max_runs": 2.0])
            #expect(try await user.call(.get, "/jobs/\(id)").json["priority"] == 5)
            #expect(try await user.call(.patch, "/jobs/\(id)", ["priority": 5.5]).message("priority") != nil)
            #expect(try await user.call(.patch, "/jobs/\(id)", ["priority": 1e18]).message("priority") != nil)
        }
    }

    @Test(arguments: ["+012345-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"])
    func instantsLieInTheYearsThatRFC3339Has(_ text: String) async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["end_at": .string(text)]))
            #expect(reply.status == 422 && reply.message("end_at") != nil, "\(reply)")
        }
    }

    @Test(arguments: ["+1", "01", "1.0", "\"+1\"", "W/\"1\"", "1234567890123456789"])
    func ifMatchIsDigitsOnly(_ version: String) async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let id = try await user.job()
            let reply = try await user.call(.post, "/jobs/\(id)/pause", headers: [.ifMatch: version])
            #expect(reply.status == 422, "\(version) \(reply)")
            #expect(try await user.call(.get, "/jobs?limit=%2B5").status == 422)
        }
    }

    @Test(arguments: ["queue(+3)", "queue(03)"])
    func aQueuesLengthHasOneText(_ overlap: String) async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let reply = try await user.call(.post, "/jobs", Jobs.valid.merging(patch: ["overlap": .string(overlap)]))
            #expect(reply.message("overlap") != nil, "\(reply)")
        }
    }

    @Test func anUpsertsIDIsForAJobThatItMakes() async throws {
        try await TestBed().run { client in
            let user = try await client.user("ann")
            let id = try await user.job()
            func upsert(_ own: JSONValue) async throws -> Reply {
                // A merge patch would take the null for the member's absence.
                guard case .object(var members) = Jobs.valid else { return try await user.call(.get, "/livez") }
                members["id"] = own
                return try await user.call(.put, "/jobs/by-name/nightly", .object(members))
            }
            let other = try await upsert("01890a5d-ac96-774b-bcce-b302099a8057")
            #expect(other.status == 409 && other.problem == "conflict", "\(other)")
            #expect(try await upsert(.string(id)).status == 200)
            #expect(try await upsert(nil).status == 200)
        }
    }

    @Test func aPasswordsCharactersAreCountedAsTheDocumentCountsThem() async throws {
        try await TestBed().run { client in
            // Six letters with an accent each: twelve code points.
            let password = String(repeating: "e\u{301}", count: 6)
            let reply = try await client.call(
                .post, "/auth/register", ["email": "eve@example.org", "password": .string(password)])
            #expect(reply.status == 201, "\(reply)")
        }
    }
}
