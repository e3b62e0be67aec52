/// What the operator lets all jobs together do to one host. What is beyond waits, and uses no attempt.
package struct HostLimit: Hashable, Sendable {
    package static let counts = 1...100_000
    /// Each start of the last period is remembered.
    package static let rateCounts = 1...10_000

    /// Attempts under way at once; nil for any number.
    package var inFlight: Int?
    /// Starts in any stretch of time as long as the period: never more, also not after a rest.
    package var rate: StartRate?

    package init(inFlight: Int? = nil, rate: StartRate? = nil) {
        self.inFlight = inFlight
        self.rate = rate
    }

    package var isNone: Bool { inFlight == nil && rate == nil }
}

/// The limit of each host.
package struct HostLimits: Hashable, Sendable {
    /// Of hosts that nothing else names.
    package var standard: HostLimit
    /// By name or address.
    package var hosts: [String: HostLimit]
    /// By domain, for the names below it.
    package var domains: [String: HostLimit]

    package init(
        standard: HostLimit = HostLimit(), hosts: [String: HostLimit] = [:], domains: [String: HostLimit] = [:]
    ) {
        self.standard = standard
        self.hosts = hosts
        self.domains = domains
    }

    /// Whether no host has any.
    package var isNone: Bool { ([standard] + hosts.values + domains.values).allSatisfy(\.isNone) }

    /// The host's own, else that of the nearest domain above it; nil when it has none.
    package func limit(of host: String) -> HostLimit? {
        let limit = hosts[host] ?? domain(above: host) ?? standard
        return limit.isNone ? nil : limit
    }

    private func domain(above host: String) -> HostLimit? {
        guard !domains.isEmpty else { return nil }
        var rest = host[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if let limit = domains[String(rest)] { return limit }
        }
        return nil
    }
}
