import CronSchedule

/// A run's edges in about 20 bytes each, appended in place and kept in the run's own row: a row for every edge would
/// cost more than the run itself on the hot path.
package struct RunEventLog: Hashable, Sendable {
    package private(set) var bytes: [UInt8]

    /// Edges beyond about this many are still counted by the fence, but what came to nothing makes room, the oldest first: a run
    /// edited once a minute for a month, or for a host that has no room for days, would otherwise carry a megabyte through every
    /// write.
    package static let eventLimit = 512
    private static let longestEvent = 41
    private static let byteLimit = eventLimit * longestEvent
    /// So much is made room for at once: to find it, all is read.
    private static let room = byteLimit / 4

    package init(bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    package mutating func append(_ event: RunEvent) {
        bytes.reserveCapacity(bytes.count + 48)
        write(event)
        if bytes.count > Self.byteLimit { makeRoom() }
    }

    private mutating func write(_ event: RunEvent) {
        let flags: UInt8 = (event.from == nil ? 0 : 1) | (event.node == nil ? 0 : 2) | (event.dueAt == nil ? 0 : 4)
        bytes.append(flags)
        bytes.append((event.from?.rawValue ?? 0) << 4 | event.to.rawValue)
        bytes.append(event.reason.rawValue)
        append(UInt64(bitPattern: event.at.microseconds), count: 8)
        append(UInt64(bitPattern: event.fence), count: 4)
        append(UInt64(clamping: event.attempt), count: 2)
        if let node = event.node {
            append(node.high, count: 8)
            append(node.low, count: 8)
        }
        if let dueAt = event.dueAt { append(UInt64(bitPattern: dueAt.microseconds), count: 8) }
    }

    package var events: [RunEvent] {
        var events: [RunEvent] = []
        var reader = Reader(bytes: bytes)
        while let event = reader.next() { events.append(event) }
        return events
    }

    private mutating func append(_ value: UInt64, count: Int) {
        for shift in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * shift))) }
    }

    /// Drops what came to nothing, but for the first and the last of it: they tell since when and until when it went so.
    private mutating func makeRoom() {
        let all = events
        let idle = Self.idle(all).dropFirst().dropLast()
        var dropped: Set<Int> = []
        var left = bytes.count - (Self.byteLimit - Self.room)
        for range in idle where left > 0 {
            for index in range {
                left -= Self.size(all[index])
                dropped.insert(index)
            }
        }
        guard !dropped.isEmpty else { return }
        bytes.removeAll(keepingCapacity: true)
        for (index, event) in all.enumerated() where !dropped.contains(index) { write(event) }
    }

    /// Edges that lead back to where they began: a self-edge, or a claim and the way back without a start.
    private static func idle(_ events: [RunEvent]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index < events.count {
            let event = events[index]
            let isClaim = event.to == .queued && index + 1 < events.count
            if event.from == event.to {
                found.append(index..<index + 1)
            } else if isClaim, events[index + 1].from == .queued, events[index + 1].to == event.from {
                found.append(index..<index + 2)
            }
            index = found.last.map { max($0.upperBound, index + 1) } ?? index + 1
        }
        return found
    }

    private static func size(_ event: RunEvent) -> Int {
        17 + (event.node == nil ? 0 : 16) + (event.dueAt == nil ? 0 : 8)
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func next() -> RunEvent? {
            guard position + 17 <= bytes.count else { return nil }
            let flags = bytes[position]
            let statuses = bytes[position + 1]
            let reason = RunReason(rawValue: bytes[position + 2])
            position += 3
            let at = Instant(microseconds: Int64(bitPattern: take(8)))
            let fence = Int64(take(4))
            let attempt = Int(take(2))
            let node = flags & 2 == 0 ? nil : NodeID(high: take(8), low: take(8))
            let dueAt = flags & 4 == 0 ? nil : Instant(microseconds: Int64(bitPattern: take(8)))
            guard let reason, let to = RunStatus(rawValue: statuses & 0xF) else { return nil }
            let from = flags & 1 == 0 ? nil : RunStatus(rawValue: statuses >> 4)
            return RunEvent(
                at: at, from: from, to: to, reason: reason, fence: fence, attempt: attempt, node: node, dueAt: dueAt)
        }

        private mutating func take(_ count: Int) -> UInt64 {
            guard position + count <= bytes.count else {
                position = bytes.count
                return 0
            }
            var value: UInt64 = 0
            for shift in 0..<count { value |= UInt64(bytes[position + shift]) << UInt64(8 * shift) }
            position += count
            return value
        }
    }
}
