import CronModel
import CronSchedule

/// How many starts of a space there may be in a minute.
struct StartBudget: Sendable {
    private let rate: StartRate
    private var paidUntil: [UserID: Instant] = [:]

    init(perMinute: Int) { rate = StartRate(count: perMinute, per: .minutes(1)) }

    /// When the space's next start may be; now or earlier lets it.
    func nextStart(of space: UserID, now: Instant) -> Instant { rate.nextStart(paidUntil: paidUntil[space], now: now) }

    mutating func pay(_ space: UserID, now: Instant) {
        if paidUntil.count > 1_000 { paidUntil = paidUntil.filter { $0.value > now } }
        paidUntil[space] = rate.pay(paidUntil[space], at: now)
    }

    /// A start that was none after all.
    mutating func refund(_ space: UserID) { paidUntil[space] = paidUntil[space].map(rate.refund) }
}
