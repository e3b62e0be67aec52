/// One watcher's end; for one task at a time. Ends when nobody holds it any more.
package final class EventWatch: Sendable {
    private let hub: EventHub
    private let number: UInt64
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(
        hub: EventHub, number: UInt64, signals: AsyncStream<Void>, signal: AsyncStream<Void>.Continuation
    ) {
        self.hub = hub
        self.number = number
        self.signals = signals
        self.signal = signal
    }

    deinit { end() }

    /// What has come since the last call, waiting until there is something: nothing after a `nudge`. Nil when the watch
    /// or the task has ended.
    package func next() async -> [WatchedEvent]? {
        for await _ in signals { return hub.take(number) }
        return nil
    }

    /// Lets `next` return although nothing may have come.
    package func nudge() { signal.yield() }

    package func end() {
        hub.leave(number)
        signal.finish()
    }
}
