import CronModel
import CronSchedule
import Testing

@testable import CronActions

@Suite struct ChannelHealthTests {
    private static func outcome(
        _ kind: Outcome.Kind, _ verdict: Outcome.Verdict, _ reach: Outcome.Reach = .answered, status: Int? = nil,
        wait: Span? = nil
    ) -> Outcome {
        var outcome = Outcome(kind: kind, verdict: verdict, reach: reach, httpStatus: status)
        outcome.retryAfter = wait
        return outcome
    }

    private static let away = outcome(.connectError, .transient, .nothingSent)
    private static let broken = outcome(.httpError, .transient, status: 500)
    private static let nobody = outcome(.smtpError, .permanent)

    private func isOver(_ outcomes: [Outcome]) -> Bool {
        var health = ChannelHealth()
        for outcome in outcomes { health.hear(outcome) }
        return health.end != nil
    }

    @Test func aChannelThatFailsAgainAndAgainIsLeft() {
        #expect(!isOver([Outcome](repeating: Self.away, count: 4)))
        #expect(isOver([Outcome](repeating: Self.away, count: 5)))
        #expect(isOver([Self.away, Self.broken, Self.away, Self.broken, Self.away]))
        #expect(!isOver([Self.away, Self.away, Self.away, Self.away, .success, Self.away]))
    }

    @Test func recipientsWhomNobodyKnowsSayNothingOfTheChannel() {
        #expect(!isOver([Outcome](repeating: Self.nobody, count: 100)))
        #expect(!isOver([Outcome](repeating: Self.outcome(.httpError, .permanent, status: 400), count: 100)))
    }

    @Test func whoAsksToBeLeftAloneIs() {
        #expect(isOver([Self.outcome(.httpError, .transient, status: 503, wait: .seconds(5))]))
        #expect(isOver([Self.outcome(.httpError, .transient, status: 429)]))
        #expect(isOver([Self.outcome(.httpError, .permanent, status: 401)]))
        #expect(isOver([Self.outcome(.smtpError, .permanent, .nothingSent)]), "the sign-in was refused")
    }
}
