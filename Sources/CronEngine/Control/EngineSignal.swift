package import CronModel

/// How control tells the engine of this process and people who watch that something changed. Others learn it from the
/// store; a signal only saves the wait.
package protocol EngineSignal: Sendable {
    /// There may be work that is due sooner than the engine expects.
    func wake()
    /// These RUNNING runs were asked to cancel.
    func cancel(_ runs: [RunID])
    /// These runs and jobs are in another status now.
    func tell(_ events: [LiveEvent])
}
