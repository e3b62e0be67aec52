package import CronModel

/// How control tells the engine of this process that something changed. Other processes learn it from the store; a
/// signal only saves the wait.
package protocol EngineSignal: Sendable {
    /// There may be work that is due sooner than the engine expects.
    func wake()
    /// These RUNNING runs were asked to cancel.
    func cancel(_ runs: [RunID])
}
