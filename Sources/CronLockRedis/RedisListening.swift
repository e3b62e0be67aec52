import CronModel
import CronSchedule

/// Listens to one channel, on a connection of its own, since one that listens can do nothing else. Dials again when it
/// breaks.
struct RedisListening: Sendable {
    let channel: String
    let address: RedisAddress
    let limits: RedisLimits
    /// Tells what Redis refuses.
    let link: RedisLink
    let clock: any EngineClock

    /// - Parameters:
    ///   - isWanted: asked at least every `RedisLimits.listen` while there is a connection; with the first no it ends.
    ///   - began: called each time that it listens, for the first time or again.
    ///   - heard: called with each message.
    func run(
        while isWanted: @Sendable () -> Bool, began: @Sendable () -> Void, heard: @Sendable (String) -> Void
    ) async {
        var random = RandomSource()
        var failures = 0
        while isWanted() {
            let connection = RedisConnection(address, limits: limits, clock: clock)
            do throws(RedisFailure) {
                try await connection.open()
                try await subscribe(connection)
                failures = 0
                began()
                return try await follow(connection, while: isWanted, heard: heard)
            } catch {
                // The link, which everything else goes through, tells that Redis is away.
                failures += 1
            }
            let wait = limits.backoff(afterFailures: failures + 1, fraction: random.fraction())
            await clock.wait(until: clock.now + wait)
        }
    }

    private func subscribe(_ connection: RedisConnection) async throws(RedisFailure) {
        let reply = try await connection.call(["SUBSCRIBE", channel], until: clock.uptime + limits.connect)
        if case .refused(let text) = reply { link.refused("SUBSCRIBE", text) }
        guard reply == .list([.text("subscribe"), .text(channel), .integer(1)]) else {
            throw .lost("does not let this node listen")
        }
    }

    private func follow(
        _ connection: RedisConnection, while isWanted: @Sendable () -> Bool, heard: @Sendable (String) -> Void
    ) async throws(RedisFailure) {
        var heardAt = clock.uptime
        var isProdded = false
        while isWanted() {
            if let reply = try await connection.next(within: limits.listen) {
                (heardAt, isProdded) = (clock.uptime, false)
                if let message = Self.message(reply) { heard(message) }
            } else if clock.uptime - heardAt >= limits.silence {
                if isProdded { throw .lost("is silent") }
                try await connection.prod()
                (heardAt, isProdded) = (clock.uptime, true)
            }
        }
    }

    private static func message(_ reply: RedisReply) -> String? {
        guard case .list(let parts) = reply, parts.count == 3, parts[0] == .text("message"),
            case .text(let message) = parts[2], message.utf8.count <= RedisLimits.messageBytes
        else { return nil }
        return message
    }
}
