/// Events of one process: what there is without Redis.
package final class LocalEvents: EventChannel {
    private let hub: EventHub
    private let outbox: EventOutbox

    /// - Parameter node: this process among others and among its former selves.
    package init(node: String, clock: any EngineClock) {
        let hub = EventHub(node: node)
        self.hub = hub
        outbox = EventOutbox(clock: clock) { hub.deliver($0) }
    }

    package func publish(_ batch: EventBatch) { outbox.add(batch) }

    package func watch(_ interest: EventInterest, after last: String?) -> EventWatch {
        hub.watch(interest, after: last)
    }

    package var newest: String { hub.newest }

    package func close() {
        outbox.close()
        hub.close()
    }
}
