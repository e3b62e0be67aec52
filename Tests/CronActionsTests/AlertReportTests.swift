import CronModel
import CronSchedule
import Testing

@testable import CronActions

/// What becomes of an attempt by what became of its messages.
@Suite struct AlertReportTests {
    private static func postings(_ count: Int) throws -> [AlertPosting] {
        let people = (0..<count).map { AlertRecipients.One(address: "person\($0)@example.com") }
        return try AlertPosting.all(["mail"], people: ["mail": []], recipients: people)
    }

    private static func ended(_ ends: [Outcome]) throws -> Outcome {
        var report = AlertReport(try postings(ends.count), progress: AlertProgress(nil, life: "life0000"))
        for (index, end) in ends.enumerated() { report.end(index, end) }
        return report.outcome(isCancelled: false)
    }

    private static func failure(_ verdict: Outcome.Verdict, _ reach: Outcome.Reach, _ error: String = "why") -> Outcome {
        Outcome(kind: .smtpError, verdict: verdict, reach: reach, error: error)
    }

    /// All of a thousand are told, those that failed first.
    @Test func theTableHasRoomForAll() throws {
        var accepted = Outcome.success
        accepted.output = String(repeating: "long reply ", count: 100)
        let refused = Self.failure(.permanent, .answered, String(repeating: "no ", count: 500))
        var ends = [Outcome](repeating: accepted, count: 1_000)
        ends[998] = refused
        let outcome = try Self.ended(ends)
        let lines = outcome.output?.split(separator: "\r\n") ?? []
        #expect(lines.count == 1_001 && !outcome.outputTruncated)
        #expect(lines[1].hasPrefix("mail,person998@example.com,refused,no no ") && lines[1].utf8.count < 400)
        #expect(lines[2] == "mail,person0@example.com,accepted,")
        let many = try Self.ended([Outcome](repeating: refused, count: 1_000))
        #expect(many.outputTruncated && (many.output?.utf8.count ?? 0) <= Outcome.outputLimitBytes)
        #expect(many.progress == nil)
    }

    @Test(arguments: [
        ([Outcome.Reach.nothingSent, .nothingSent], Outcome.Reach.nothingSent), ([.nothingSent, .answered], .answered),
        ([.maybeSent, .answered], .maybeSent),
    ])
    func itsReachIsTheFurthest(_ reaches: [Outcome.Reach], _ expected: Outcome.Reach) throws {
        #expect(try Self.ended(reaches.map { Self.failure(.transient, $0) }).reach == expected)
    }

    @Test func theLongestWaitIsKept() throws {
        var (short, long) = (Self.failure(.transient, .answered), Self.failure(.transient, .answered))
        (short.retryAfter, long.retryAfter) = (.seconds(5), .seconds(50))
        #expect(try Self.ended([short, long, .success]).retryAfter == .seconds(50))
    }
}
