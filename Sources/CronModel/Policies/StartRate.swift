package import CronSchedule

/// How often attempts may start, such as 100 in a minute. All of them may come at once after a rest; then they come evenly
/// (the generic cell rate algorithm, ITU-T I.371: one instant is all that is kept).
package struct StartRate: Hashable, Sendable {
    package static let counts = 1...1_000_000
    package static let periods = Span.seconds(1)...Span.hours(24)

    package let count: Int
    package let period: Span

    package init(count: Int, per period: Span) {
        self.count = count
        self.period = period
    }

    /// When the next start may be; `now` or earlier lets it.
    /// - Parameter paidUntil: what `pay` answered last; nil if nothing has started yet.
    package func nextStart(paidUntil: Instant?, now: Instant) -> Instant {
        guard let paidUntil else { return now }
        return paidUntil - (period - interval)
    }

    /// Counts one start at `moment`.
    package func pay(_ paidUntil: Instant?, at moment: Instant) -> Instant { max(paidUntil ?? moment, moment) + interval }

    /// Takes a start back that was none.
    package func refund(_ paidUntil: Instant) -> Instant { paidUntil - interval }

    /// A microsecond is the shortest: a million in a second.
    private var interval: Span { Span(microseconds: max(1, period.microseconds / Int64(count))) }
}

extension StartRate {
    package var text: String { "\(count)/\(period)" }

    /// Reads a number, a slash and a duration, such as `100/1m`.
    package init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(parts[0]),
            Self.counts.contains(count), let period = try? Span(text: String(parts[1])), Self.periods.contains(period)
        else { return nil }
        self.init(count: count, per: period)
    }
}

/// Until when the starts of a rate's key are paid for.
package struct PaidStarts: Hashable, Sendable {
    /// By runs that came, each where it may start.
    package var reserved: Instant?
    /// By runs that started, or were given their turn when its time had come.
    package var started: Instant?

    package init(reserved: Instant? = nil, started: Instant? = nil) {
        self.reserved = reserved
        self.started = started
    }

    /// Whether no start will ask for it any more.
    package func isSpent(at now: Instant) -> Bool {
        [reserved, started].allSatisfy { $0.map { $0 < now - StartRate.periods.upperBound } ?? true }
    }
}

/// How far a run has come that waits for its rate limit.
package enum StartTurn: Hashable, Sendable {
    /// It was counted where it may start if nothing is late.
    case reserved
    /// When it came, others that were late were still to start: it was counted behind them.
    case given
}
