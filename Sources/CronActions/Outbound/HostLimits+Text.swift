package import CronModel

extension HostLimits {
    package struct Problem: Error, Hashable, Sendable {
        package let message: String
    }

    /// Reads limits such as `api.example.com=5,10/1s; *.example.org=2; intern=none`: for a host, or for each name below a
    /// domain, attempts under way at once, starts in a period, or both.
    package static func read(
        standard: HostLimit, hosts text: String
    ) throws(Problem) -> HostLimits {
        var limits = HostLimits(standard: standard)
        for entry in entries(text) {
            let limit = try limit(entry.limits, of: entry.host)
            let isDomain = entry.host.hasPrefix("*.")
            let host: String
            do throws(HostLiteral.Problem) {
                let bare = isDomain ? String(entry.host.dropFirst(2)) : entry.host
                let isBareIPv6 = bare.count { $0 == ":" } > 1 && !bare.hasPrefix("[")
                host = try HostLiteral(isBareIPv6 ? "[\(bare)]" : bare).bare
            } catch {
                throw Problem(message: "\"\(entry.host.prefix(80))\": \(error.message)")
            }
            let known =
                isDomain
                ? limits.domains.updateValue(limit, forKey: host) : limits.hosts.updateValue(limit, forKey: host)
            if known != nil { throw Problem(message: "\"\(entry.host.prefix(80))\" is named twice") }
        }
        return limits
    }

    /// Reads a rate such as `50/1s`.
    package static func rate(_ text: some StringProtocol) throws(Problem) -> StartRate {
        guard let rate = StartRate(text: String(text)), HostLimit.rateCounts.contains(rate.count) else {
            throw Problem(
                message:
                    "\"\(text.prefix(80))\" is no rate such as 50/1s: 1 to \(HostLimit.rateCounts.upperBound), a slash, and a period from \(StartRate.periods.lowerBound) to \(StartRate.periods.upperBound)"
            )
        }
        return rate
    }

    /// Between entries there is a semicolon or a comma, as in lists of a YAML file; between the limits of one a comma.
    private static func entries(_ text: String) -> [(host: String, limits: [String])] {
        var entries: [(host: String, limits: [String])] = []
        for part in text.split(whereSeparator: { $0 == ";" || $0 == "," }) {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                $0.trimmingSpaces
            }
            if sides.count == 2 || entries.isEmpty {
                entries.append((sides[0], sides.count == 2 ? [sides[1]] : []))
            } else if !sides[0].isEmpty {
                entries[entries.count - 1].limits.append(sides[0])
            }
        }
        return entries
    }

    private static func limit(_ texts: [String], of host: String) throws(Problem) -> HostLimit {
        if texts == ["none"] { return HostLimit() }
        var limit = HostLimit()
        for text in texts {
            if text.contains("/"), limit.rate == nil {
                limit.rate = try rate(text)
            } else if limit.inFlight == nil, let count = Int(text), HostLimit.counts.contains(count) {
                limit.inFlight = count
            } else {
                limit = HostLimit()
                break
            }
        }
        guard !limit.isNone else {
            throw Problem(
                message:
                    "\"\(host.prefix(80))\" needs a number of attempts under way (1 to \(HostLimit.counts.upperBound)), a rate such as 10/1s, both with a comma between them, or \"none\""
            )
        }
        return limit
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
