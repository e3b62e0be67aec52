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

    /// How far ahead turns are given. What comes later is looked at again then: it owes nothing until it is its turn, so
    /// that runs which are cancelled, expire or get another limit leave no debt to those behind them.
    package var horizon: Span { max(period, .minutes(1)) }

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
        guard parts.count == 2, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), !parts[0].hasPrefix("0"),
            let count = Int(parts[0]), Self.counts.contains(count), let period = try? Span(text: String(parts[1])),
            Self.periods.contains(period)
        else { return nil }
        self.init(count: count, per: period)
    }
}

/// What a rate limit counts: the starts of a job, or of the jobs of a space that share a concurrency key, as far as they
/// have this very rate. Starts under another one are another line: a job that may start once a day would otherwise keep the
/// others of its key waiting for a day.
package struct RateKey: Hashable, Sendable {
    package let of: OverlapKey
    package let rate: StartRate

    package init(of key: OverlapKey, rate: StartRate) {
        of = key
        self.rate = rate
    }

    /// What stores know it by.
    package var text: String { "\(of.text) \(rate.text)" }
}

extension Job {
    /// Nil without a rate limit.
    package func rateKey(of run: Run) -> RateKey? {
        definition.rateLimit.map { RateKey(of: run.concurrencyKey.map { .shared(userID, $0) } ?? .job(id, zone: ""), rate: $0) }
    }
}
