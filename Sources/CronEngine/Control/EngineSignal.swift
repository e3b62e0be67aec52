package import CronModel

/// How control tells the engine that the store has changed under it.
package protocol EngineSignal: Sendable {
    /// A job or a run was changed: look at once.
    func wake()
    /// These RUNNING runs were asked to cancel.
    func cancel(_ runs: [RunID])
}
