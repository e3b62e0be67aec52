import Synchronization

/// Collects events and hands them on in batches, one each `HintPacer.pause`: the first of a burst at once.
package final class EventOutbox: Sendable {
    private let pending: Pending
    private let pacer: HintPacer
    private let due: AsyncStream<Void>.Continuation

    /// - Parameter deliver: called from one task, so batches keep their order. While it is busy what comes is collected,
    ///   up to one batch.
    package init(clock: any EngineClock, deliver: @escaping @Sendable (EventBatch) async -> Void) {
        let pending = Pending()
        let (dues, due) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.pending = pending
        self.due = due
        pacer = HintPacer(clock: clock) { due.yield() }
        Task {
            for await _ in dues {
                let batch = pending.take()
                if !batch.isEmpty { await deliver(batch) }
            }
        }
    }

    deinit { close() }

    /// Under one lock, and to the pacer only with the first of a batch: the engine calls this for all that it does.
    package func add(_ batch: EventBatch) {
        if pending.add(batch) { pacer.add() }
    }

    package func close() {
        pacer.close()
        due.finish()
    }

    private final class Pending: Sendable {
        private let batch = Mutex(EventBatch())

        /// Whether it is the first.
        func add(_ more: EventBatch) -> Bool {
            batch.withLock { batch in
                let isFirst = batch.isEmpty
                batch.add(more)
                return isFirst && !batch.isEmpty
            }
        }

        func take() -> EventBatch {
            batch.withLock { batch in
                defer { batch = EventBatch() }
                return batch
            }
        }
    }
}
