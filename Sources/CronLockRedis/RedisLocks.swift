package import CronModel
package import CronSchedule

/// Locks in Redis: one key each, holding the hold, expiring by itself. What cannot be understood is `unknown`.
package struct RedisLocks: LockProvider {
    package let description = "redis"
    private let owner: String
    private let link: RedisLink

    package init(owner: String, link: RedisLink) {
        self.owner = owner
        self.link = link
    }

    package func acquire(_ name: String, ttl: Span) async -> LockAnswer {
        let token = LockToken(name: name, owner: owner, serial: .random(in: .min ... .max))
        return answer(await run(Self.take, token, [LockToken.prefix(owner), Self.milliseconds(ttl)]), token)
    }

    package func extend(_ token: LockToken, ttl: Span) async -> LockAnswer {
        answer(await run(Self.prolong, token, [Self.milliseconds(ttl)]), token)
    }

    package func release(_ token: LockToken) async { _ = await run(Self.giveBack, token, []) }

    /// `SET NX PX`, except that an owner may take from itself: after an answer that was lost, for example.
    private static let take = """
        local held = redis.call('GET', KEYS[1])
        if held and string.sub(held, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
        return 1
        """

    private static let prolong = """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('PEXPIRE', KEYS[1], ARGV[2])
        """

    private static let giveBack = """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])
        """

    private func run(_ script: String, _ token: LockToken, _ arguments: [String]) async -> RedisReply? {
        await link.call(["EVAL", script, "1", "cronpp:lock:\(token.name)", token.hold] + arguments)
    }

    private func answer(_ reply: RedisReply?, _ token: LockToken) -> LockAnswer {
        switch reply {
        case .integer(1): .heldByMe(token)
        case .integer(0): .heldByOther
        default: .unknown
        }
    }

    private static func milliseconds(_ span: Span) -> String { "\(max(1, span.microseconds / 1_000))" }
}
