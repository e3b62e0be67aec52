import CHiredis
import CronModel
import CronSchedule
import Foundation

/// A connected socket and hiredis' reader of answers: the only code that touches hiredis. Blocks its thread, up to
/// deadlines by `EngineClock.uptime`.
///
/// Hiredis' own time-outs begin anew with each byte, so that a server that sends one byte at a time would hold its caller
/// for ever. Here the socket does not block and each wait is a `poll` up to the deadline.
final class RedisSocket {
    private let context: UnsafeMutablePointer<redisContext>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let clock: any EngineClock

    /// Dials, which can take as long as the look-up of the name and `limit` for each of its addresses.
    init(_ address: RedisAddress, limit: Span, clock: any EngineClock) throws(RedisFailure) {
        let time = timeval(
            tv_sec: Int(limit.microseconds / 1_000_000), tv_usec: Int(limit.microseconds % 1_000_000))
        guard let context = redisConnectWithTimeout(address.host, Int32(address.port), time) else {
            throw .lost("out of memory")
        }
        guard context.pointee.err == 0, fcntl(context.pointee.fd, F_SETFL, O_NONBLOCK) == 0 else {
            defer { redisFree(context) }
            throw .lost(Self.reason(context))
        }
        context.pointee.flags &= ~REDIS_BLOCK
        self.context = context
        self.clock = clock
        functions = Self.limitLists(of: context.pointee.reader)
    }

    deinit {
        redisFree(context)
        functions.deallocate()
    }

    /// An array's memory is allocated when it is announced: `*2147483647` alone would cost 16 GiB of it, and 6 s to go
    /// through and free it again.
    private static func limitLists(
        of reader: UnsafeMutablePointer<redisReader>
    ) -> UnsafeMutablePointer<redisReplyObjectFunctions> {
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(to: reader.pointee.fn.pointee)
        reader.pointee.privdata = UnsafeMutableRawPointer(reader.pointee.fn)
        functions.pointee.createArray = { task, count in
            guard count <= RedisLimits.elements, let standard = task?.pointee.privdata else { return nil }
            let functions = standard.assumingMemoryBound(to: redisReplyObjectFunctions.self)
            return functions.pointee.createArray(task, count)
        }
        reader.pointee.fn = functions
        return functions
    }
}

extension RedisSocket {
    /// Makes sure that nothing has come that nobody asked for: an answer left over would be taken for the next command's.
    func expectSilence() throws(RedisFailure) {
        var item = pollfd(fd: context.pointee.fd, events: Int16(POLLIN), revents: 0)
        if poll(&item, 1, 0) != 0, redisBufferRead(context) != REDIS_OK { throw .lost(Self.reason(context)) }
        let reader = context.pointee.reader.pointee
        guard reader.pos == reader.len else { throw .lost("said what nobody had asked") }
    }

    func send(_ words: [String], until deadline: Span) throws(RedisFailure) {
        var rest = Self.command(words)[...]
        while !rest.isEmpty {
            // Hiredis' own write would raise SIGPIPE, which ends the process.
            let count = rest.withUnsafeBytes {
                Foundation.send(context.pointee.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                guard try wait(for: POLLOUT, until: deadline) else { throw .lost("does not take what is sent") }
            } else if errno != EINTR {
                throw .lost(String(cString: strerror(errno)))
            }
        }
    }

    /// The next answer; nil when it has not come in time.
    func receive(until deadline: Span) throws(RedisFailure) -> RedisReply? {
        while true {
            if let reply = try read() { return reply }
            guard try wait(for: POLLIN, until: deadline) else { return nil }
            guard redisBufferRead(context) == REDIS_OK else { throw .lost(Self.reason(context)) }
            let reader = context.pointee.reader.pointee
            guard reader.len - reader.pos <= RedisLimits.unreadBytes else {
                throw .lost("sent more than \(RedisLimits.unreadBytes) bytes as one answer")
            }
        }
    }

    private func read() throws(RedisFailure) -> RedisReply? {
        var raw: UnsafeMutableRawPointer?
        guard redisGetReplyFromReader(context, &raw) == REDIS_OK else { throw .lost(Self.reason(context)) }
        guard let raw else { return nil }
        defer { freeReplyObject(raw) }
        return RedisReply(raw.assumingMemoryBound(to: redisReply.self))
    }

    /// False when the deadline has passed.
    private func wait(for events: Int32, until deadline: Span) throws(RedisFailure) -> Bool {
        while true {
            let left = (deadline - clock.uptime).microseconds
            guard left > 0 else { return false }
            var item = pollfd(fd: context.pointee.fd, events: Int16(events), revents: 0)
            // Rounded up: a wait of 0 ms would go round until the last millisecond is over.
            let count = poll(&item, 1, Int32(clamping: (left + 999) / 1_000))
            if count > 0 { return true }
            if count < 0, errno != EINTR { throw .lost(String(cString: strerror(errno))) }
        }
    }

    /// A command as Redis reads it. Hiredis' own writer takes C strings; a name may hold any byte.
    private static func command(_ words: [String]) -> [UInt8] {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += Array("$\(word.utf8.count)\r\n".utf8) + Array(word.utf8) + Array("\r\n".utf8)
        }
        return bytes
    }

    private static func reason(_ context: UnsafeMutablePointer<redisContext>) -> String {
        let text = withUnsafeBytes(of: context.pointee.errstr) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return text.isEmpty ? "error \(context.pointee.err)" : text
    }
}
