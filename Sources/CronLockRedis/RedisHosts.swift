package import CronModel
package import CronSchedule

/// Counts in Redis what the nodes have under way at each host: a hash with a field for each node, replaced by whatever the
/// node says next, and a list of the starts of the rate's last period.
package struct RedisHosts: HostCounter {
    private let node: String
    private let link: RedisLink
    private let times: Times

    /// Tests have others: what passes in an hour when all is well may pass in a second on a busy machine.
    package struct Times: Sendable {
        /// What a node has said counts for as long as it says, but no longer than this.
        package var longestLife = HostAsk.longestLife
        /// A node that wants room and has been given none for so long goes before the others.
        package var patience = Span.seconds(1)
        /// Nodes that want room ask again sooner than this.
        package var memory = Span.seconds(2)

        package init() {}
    }

    package init(node: String, link: RedisLink, times: Times = Times()) {
        self.times = times
        self.node = node
        self.link = link
    }

    package func ask(_ ask: HostAsk) async -> HostGrant? {
        // An answer that does not repeat it was made for no question, or for another.
        let question = Int64.random(in: 1...Int64.max)
        let rate = ask.limit.rate
        let reply = await link.call([
            "EVAL", Self.script, "2", "cronpp:host:{\(ask.host)}", "cronpp:host:{\(ask.host)}:starts", node,
            "\(question)",
            "\(ask.using)", "\(ask.wanted)", "\(ask.limit.inFlight ?? 0)", "\(rate?.count ?? 0)",
            "\(rate?.period.microseconds ?? 0)", "\(ask.unmade)", "\(ask.life.microseconds)",
            "\(times.patience.microseconds)", "\(times.memory.microseconds)", "\(times.longestLife.microseconds)",
        ])
        guard case .list(let parts) = reply, parts.count == 3, parts[0] == .text("\(question)"),
            case .integer(let starts) = parts[1], (0...Int64(ask.wanted)).contains(starts),
            case .integer(let wait) = parts[2], (0...(rate?.period.microseconds ?? 0)).contains(wait)
        else { return nil }
        return HostGrant(starts: Int(starts), nextIn: wait > 0 ? Span(microseconds: wait) : nil)
    }

    /// A field is `HELD SINCE SAID LIFE`: what the node has under way, since when it has wanted room and been given none (0 if
    /// it does not), when it last said so, and for how long that counts. Times are the server's, in microseconds.
    private static let script = """
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
        local node, using, wanted = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
        local most, rate, period, unmade = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
        local life, patience, memory = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
        local longest = tonumber(ARGV[12])

        local others, since, wanting = 0, now, {}
        local fields = redis.call('HGETALL', KEYS[1])
        for i = 1, #fields, 2 do
            local held, from, said, counts = string.match(fields[i + 1], '^(%d+) (%d+) (%d+) (%d+)$')
            held, from, said, counts = tonumber(held), tonumber(from), tonumber(said), tonumber(counts)
            if not said or said > now or said + math.min(counts, longest) <= now then
                redis.call('HDEL', KEYS[1], fields[i])
            elseif fields[i] == node then
                if from > 0 then since = from end
            else
                others = others + held
                if from > 0 and from + patience <= now and said + memory > now then table.insert(wanting, from) end
            end
        end
        local before = 0
        for _, from in ipairs(wanting) do
            if from < since then before = before + 1 end
        end

        local room, wait = wanted, 0
        if most > 0 then room = math.min(room, most - others - using - before) end
        if rate > 0 then
            if unmade > 0 then redis.call('LTRIM', KEYS[2], unmade, -1) end
            local first = redis.call('LINDEX', KEYS[2], -1)
            while first and (tonumber(first) + period <= now or tonumber(first) > now) do
                redis.call('RPOP', KEYS[2])
                first = redis.call('LINDEX', KEYS[2], -1)
            end
            local left = rate - redis.call('LLEN', KEYS[2])
            if left <= 0 and first then wait = tonumber(first) + period - now end
            room = math.min(room, left - before)
        end
        room = math.max(room, 0)

        if rate > 0 then
            for _ = 1, room do redis.call('LPUSH', KEYS[2], string.format('%.0f', now)) end
            redis.call('PEXPIRE', KEYS[2], math.ceil(period / 1000) + 1000)
        end
        if room >= wanted then since = 0 elseif room > 0 then since = now end
        if using + room > 0 or since > 0 then
            redis.call('HSET', KEYS[1], node, string.format('%d %.0f %.0f %.0f', using + room, since, now, life))
            redis.call('PEXPIRE', KEYS[1], math.ceil(longest / 1000))
        else
            redis.call('HDEL', KEYS[1], node)
        end
        return {ARGV[2], room, wait}
        """
}
