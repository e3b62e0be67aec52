import CronModel
import CronSchedule

/// What is due and waits for a slot: a lane for each space. Spaces take turns, so that one with much to do keeps nobody
/// waiting; one that may not start now is passed over.
struct Lanes: Sendable {
    enum Verdict: Sendable {
        case go
        /// Not before then; nil when something of the space must end first.
        case wait(until: Instant?)
    }

    private struct Lane {
        var tokens: [ClaimToken] = []
        var first = 0

        var isEmpty: Bool { first == tokens.count }

        mutating func pop() -> ClaimToken {
            let token = tokens[first]
            first += 1
            // Half of it is used up: the rest moves once for each that was taken.
            if first > 64, first * 2 > tokens.count {
                tokens.removeFirst(first)
                first = 0
            }
            return token
        }
    }

    private var lanes: [UserID: Lane] = [:]
    /// The spaces with something to start, in the order of their turns.
    private var turns: [UserID] = []
    private var turn = 0

    var isEmpty: Bool { turns.isEmpty }

    mutating func add(_ token: ClaimToken, of space: UserID) {
        if lanes[space] == nil {
            lanes[space] = Lane()
            turns.append(space)
        }
        lanes[space]?.tokens.append(token)
    }

    /// Whoever is next and may go. Otherwise when the first of those that wait for a time may.
    mutating func next(_ verdict: (UserID) -> Verdict) -> (token: ClaimToken?, waitUntil: Instant?) {
        var waitUntil: Instant?
        for _ in 0..<turns.count {
            if turn >= turns.count { turn = 0 }
            let space = turns[turn]
            switch verdict(space) {
            case .go:
                let token = lanes[space]?.pop()
                if lanes[space]?.isEmpty ?? true {
                    lanes[space] = nil
                    turns.remove(at: turn)
                } else {
                    turn += 1
                }
                return (token, nil)
            case .wait(let until):
                turn += 1
                if let until { waitUntil = min(waitUntil ?? until, until) }
            }
        }
        return (nil, waitUntil)
    }
}

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
