import CHiredis

/// What Redis answered.
package enum RedisReply: Hashable, Sendable {
    case integer(Int64)
    case text(String)
    case list([RedisReply])
    case nothing
    /// Redis did not do what was asked, and says why.
    case refused(String)

    /// Hiredis ends the connection at more than seven levels, so this ends too.
    init(_ reply: UnsafePointer<redisReply>) {
        switch reply.pointee.type {
        case REDIS_REPLY_INTEGER: self = .integer(reply.pointee.integer)
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: self = .text(Self.text(reply))
        case REDIS_REPLY_ERROR: self = .refused(Self.text(reply))
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: reply.pointee.element, count: reply.pointee.elements)
            self = .list(elements.map { element in element.map { RedisReply($0) } ?? .nothing })
        default: self = .nothing
        }
    }

    private static func text(_ reply: UnsafePointer<redisReply>) -> String {
        guard let start = reply.pointee.str else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: reply.pointee.len), as: UTF8.self)
    }
}
