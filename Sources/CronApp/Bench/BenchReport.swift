import CronSchedule

/// The figures of one benchmark, as JSON.
package struct BenchReport: Encodable, Sendable {
    package struct Delays: Encodable, Sendable {
        package var min: Double
        package var p50: Double
        package var p99: Double
        package var max: Double
    }

    package var workload: String
    package var action: String
    package var nodes: Int
    package var runs: Int
    package var seconds: Double
    /// Until the last action began.
    package var actedSeconds: Double
    package var runsPerSecond: Double
    /// From the slot to the action, in milliseconds.
    package var startDelayMs: Delays
    package var cpuMicrosecondsPerRun: Double
    package var bytesWrittenPerRun: Double
    package var runsPerCommit: Double

    /// - Parameter delays: microseconds, in order of size, not empty.
    init(
        workload: String, action: String, nodes: Int, runs: Int, elapsed: Span, acted: Span, delays: [Int64],
        used: Usage
    ) {
        self.workload = workload
        self.action = action
        self.nodes = nodes
        self.runs = runs
        actedSeconds = Double(acted.microseconds) / 1_000_000
        let count = Double(Swift.max(1, runs))
        seconds = Double(elapsed.microseconds) / 1_000_000
        runsPerSecond = (count / Swift.max(seconds, 0.000_001)).rounded()
        let at = { (part: Double) in
            delays.isEmpty ? 0 : Double(delays[Swift.min(delays.count - 1, Int(Double(delays.count) * part))]) / 1_000
        }
        startDelayMs = Delays(min: at(0), p50: at(0.5), p99: at(0.99), max: at(1))
        cpuMicrosecondsPerRun = Double(used.processTime.microseconds) / count
        bytesWrittenPerRun = Double(used.writtenBytes) / count
        runsPerCommit = count / Double(Swift.max(1, used.commits))
    }
}
