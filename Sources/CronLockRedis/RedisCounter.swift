package import CronModel
package import CronSchedule

/// Counts in Redis, so that all nodes count together. While Redis does not answer, this node counts alone.
package struct RedisCounter: RateCounter {
    private let link: RedisLink
    private let local: LocalCounter

    package init(link: RedisLink, clock: any EngineClock) {
        self.link = link
        local = LocalCounter(clock: clock)
    }

    package func count(_ key: String, window: Span) async -> RateCount {
        // Always counted here too: when Redis goes away, what this node has seen still counts.
        let alone = await local.count(key, window: window)
        let milliseconds = max(1, window.microseconds / 1_000)
        let reply = await link.call(["EVAL", Self.add, "1", Self.name(key), "\(milliseconds)"])
        guard case .list(let parts) = reply, parts.count == 2, case .integer(let uses) = parts[0], uses > 0,
            case .integer(let left) = parts[1], (0...milliseconds).contains(left)
        else { return alone }
        return RateCount(uses: Int(clamping: uses), endsIn: .milliseconds(left))
    }

    package func takeBack(_ key: String) async {
        await local.takeBack(key)
        _ = await link.call(["EVAL", Self.subtract, "1", Self.name(key)])
    }

    package func forget(_ key: String) async {
        await local.forget(key)
        _ = await link.call(["DEL", Self.name(key)])
    }

    /// The first use sets the window's end. So does any that finds none: a key without one would count for ever.
    private static let add = """
        local uses = redis.call('INCR', KEYS[1])
        local left = redis.call('PTTL', KEYS[1])
        if left < 0 then
            left = tonumber(ARGV[1])
            redis.call('PEXPIRE', KEYS[1], left)
        end
        return {uses, left}
        """

    /// Not below nothing, and never making a key.
    private static let subtract = """
        if tonumber(redis.call('GET', KEYS[1]) or '0') < 1 then return 0 end
        return redis.call('DECR', KEYS[1])
        """

    private static func name(_ key: String) -> String { "cronpp:count:\(key)" }
}
