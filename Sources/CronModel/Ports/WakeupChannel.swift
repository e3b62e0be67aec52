/// Hints between nodes: "look at the store now". One that is lost costs at most one poll.
package protocol WakeupChannel: Sendable {
    /// Tells the other nodes. Waits for nothing and cannot fail; hints close together become one.
    func wake()
    /// The hints of others; those that nobody has taken yet are one. Ends when the channel is closed.
    func hints() -> AsyncStream<Void>
    /// Ends all streams of hints.
    func close()
}
