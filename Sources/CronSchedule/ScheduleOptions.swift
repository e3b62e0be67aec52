extension Schedule {
    /// Whose reading of a cron expression applies; opt-in, never guessed (Docs/schedules.md §8).
    public enum Dialect: String, Sendable, Hashable, Codable, CaseIterable {
        /// The rules of Docs/schedules.md.
        case cronpp
        /// Day of week 1-7 is SUN-SAT, exactly one day field is `?`, `L` alone is Saturday, `/n` is min/n.
        case quartz
    }

    /// What happens to a fixed time that the clock jumps over (Docs/schedules.md §5).
    public enum DSTGap: String, Sendable, Hashable, Codable, CaseIterable {
        /// One run at the first instant after the gap.
        case shift
        /// No run.
        case skip
    }

    /// Which pass of a repeated hour a fixed time takes (Docs/schedules.md §5).
    public enum DSTFold: String, Sendable, Hashable, Codable, CaseIterable {
        case first, last, both
    }

    /// How a schedule's text is to be read, and where.
    public struct Options: Sendable, Hashable {
        /// IANA id, matched exactly; a `TZ=` prefix in the text wins over it.
        public var timezone: String = "UTC"
        /// Whose reading of cron fields applies.
        public var dialect: Dialect = .cronpp
        /// What a clock change forwards does to fixed times.
        public var dstGap: DSTGap = .shift
        /// What a clock change backwards does to fixed times.
        public var dstFold: DSTFold = .first
        /// Seeds `H`; without it an expression with `H` is refused.
        public var jobID: String?
        /// Where `@every` (cut to the second) and relative delays (exact) count from.
        public var anchor: Instant?
        /// The present, to refuse times in the past and to resolve `now`; nil leaves the past unjudged.
        public var now: Instant?
        /// Accept one-shot times before `now`.
        public var allowPast = false
        /// Refuse one-shot times in a gap or fold instead of giving a notice.
        public var strictTime = false

        /// The defaults unless said otherwise.
        public init(
            timezone: String = "UTC", dialect: Dialect = .cronpp, dstGap: DSTGap = .shift, dstFold: DSTFold = .first,
            jobID: String? = nil, anchor: Instant? = nil, now: Instant? = nil, allowPast: Bool = false,
            strictTime: Bool = false
        ) {
            self.timezone = timezone
            self.dialect = dialect
            self.dstGap = dstGap
            self.dstFold = dstFold
            self.jobID = jobID
            self.anchor = anchor
            self.now = now
            self.allowPast = allowPast
            self.strictTime = strictTime
        }
    }

    /// What sort of schedule a text turned out to be.
    public enum Kind: Sendable, Hashable {
        /// Cron fields, or a macro that stands for some.
        case cron
        /// `@every`: a fixed length of elapsed time, blind to clock changes.
        case every(Span)
        /// One absolute time.
        case at
        /// One time, counted from the anchor; `now` is a delay of zero.
        case delay(Span)
        /// `@reboot`: once per start of the scheduler; has no instants of its own.
        case reboot

        /// `cron`, `every`, `at`, `delay` or `reboot`.
        public var name: String {
            switch self {
            case .cron: "cron"
            case .every: "every"
            case .at: "at"
            case .delay: "delay"
            case .reboot: "reboot"
            }
        }
    }
}
