package import CronModel
import CronSchedule
import Synchronization

/// Events of all nodes that share a Redis, by publish/subscribe. Those of this node do not take the way round. Listens
/// only while somebody watches here; while Redis is away there are only this node's events, and when it comes back a gap.
package final class RedisEvents: EventChannel {
    private struct State {
        var isListening = false
        var isClosed = false
    }

    private let node: String
    private let hub: EventHub
    private let outbox: EventOutbox
    private let sender: EventSender
    private let listening: RedisListening
    private let state = Mutex(State())

    /// - Parameters:
    ///   - node: sent with each batch, so that a node passes over its own.
    ///   - link: sends the batches.
    package init(
        node: String, address: RedisAddress, limits: RedisLimits = RedisLimits(), link: RedisLink,
        clock: any EngineClock
    ) {
        let channel = address.channel("events")
        let hub = EventHub(node: node)
        let sender = EventSender(node: node, channel: channel, link: link, clock: clock)
        self.node = node
        self.hub = hub
        self.sender = sender
        listening = RedisListening(channel: channel, address: address, limits: limits, link: link, clock: clock)
        outbox = EventOutbox(clock: clock) { batch in
            hub.deliver(batch)
            await sender.send(batch)
        }
    }

    package func publish(_ batch: EventBatch) { outbox.add(batch) }

    package func watch(_ interest: EventInterest, after last: String?) -> EventWatch {
        // First the watch: listening ends when there is none.
        let watch = hub.watch(interest, after: last)
        state.withLock { state in
            if !state.isListening, !state.isClosed {
                state.isListening = true
                Task { await listen() }
            }
        }
        return watch
    }

    package var newest: String { hub.newest }

    package func close() {
        state.withLock { $0.isClosed = true }
        outbox.close()
        sender.close()
        hub.close()
    }

    private func listen() async {
        await listening.run {
            isWanted()
        } began: {
            // Others may have said something before this node listened.
            hub.deliver(.gapForAll)
        } heard: { message in
            if let batch = EventMessage.batch(message, at: node) { hub.deliver(batch) }
        }
    }

    /// Whoever begins to watch after the no finds nobody listening and begins that too.
    private func isWanted() -> Bool {
        state.withLock { state in
            state.isListening = hub.isWatched && !state.isClosed
            return state.isListening
        }
    }
}

/// Tells other nodes. What they could not be told they learn as a gap as soon as Redis takes it.
final class EventSender: Sendable {
    /// Between two tries to tell of gaps.
    static let retry = Span.seconds(1)

    private struct State {
        var untold = EventBatch()
        var willRetry = false
        /// Whether anybody listened when it was last known.
        var isHeard = false
        var isClosed = false
    }

    private let node: String
    private let channel: String
    private let link: RedisLink
    private let clock: any EngineClock
    private let state = Mutex(State())

    init(node: String, channel: String, link: RedisLink, clock: any EngineClock) {
        self.node = node
        self.channel = channel
        self.link = link
        self.clock = clock
    }

    func close() { state.withLock { $0.isClosed = true } }

    func send(_ fresh: EventBatch) async {
        let batch = state.withLock { state in
            var batch = fresh
            batch.add(state.untold)
            state.untold = EventBatch()
            return batch
        }
        guard !batch.isEmpty, await !tell(batch) else { return }
        let begins = state.withLock { state in
            state.untold.add(batch.cut(to: 0))
            defer { state.willRetry = true }
            return !state.willRetry
        }
        guard begins else { return }
        // By a timer: a next batch, which would take it along, may never come.
        Task { [weak self, clock] in
            repeat { await clock.wait(until: clock.now + Self.retry) } while await self?.tellAgain() == false
        }
    }

    /// Whether there is nothing more to do.
    private func tellAgain() async -> Bool {
        await send(EventBatch())
        return state.withLock { state in
            state.willRetry = !state.untold.isEmpty && !state.isClosed
            return !state.willRetry
        }
    }

    /// False when it is not known whether Redis took it.
    private func tell(_ batch: EventBatch) async -> Bool {
        if !state.withLock({ $0.isHeard }) {
            // Nobody watches on most nodes most of the time: then a batch need not be written, nor sent.
            let reply = await link.call(["PUBSUB", "NUMSUB", channel])
            if reply == .list([.text(channel), .integer(0)]) { return true }
            guard reply != nil else { return false }
        }
        switch await link.call(["PUBLISH", channel, EventMessage.text(batch, from: node)]) {
        case .integer(let listeners):
            state.withLock { $0.isHeard = listeners > 0 }
            return true
        // The link has told of it; repeating changes nothing.
        case .refused: return true
        default: return false
        }
    }
}
