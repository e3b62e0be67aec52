package import CronModel
import CronSchedule
import Synchronization

/// All metric names, and their values since the process began.
package final class EngineMetrics: Sendable {
    /// Upper bounds of the start delay's buckets, in milliseconds.
    package static let delayBoundsMilliseconds: [Int64] = [
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000,
    ]

    private struct Values {
        var delayCounts = [Int](repeating: 0, count: EngineMetrics.delayBoundsMilliseconds.count + 1)
        var delayMicroseconds: Int64 = 0
        var runs: [RunStatus: Int] = [:]
        var attempts: [Outcome.Kind: Int] = [:]
        /// Nil for mails that were taken over.
        var mails: [MailFailure.Kind?: Int] = [:]
        var notices: [Outcome.Verdict: Int] = [:]
        var staleFences = 0
        var reaped = 0
        var holdOffs = 0
        var storeFailures = 0
        var held = 0
        var busy = 0
        var waitingForHosts = 0
        var postponed = 0
    }

    private let values = Mutex(Values())

    package init() {}

    func started(delay: Span) {
        let bound = Self.delayBoundsMilliseconds.firstIndex { delay.microseconds <= $0 * 1_000 }
        values.withLock { values in
            values.delayCounts[bound ?? Self.delayBoundsMilliseconds.count] += 1
            values.delayMicroseconds += max(0, delay.microseconds)
        }
    }

    func ended(_ kind: Outcome.Kind) { values.withLock { $0.attempts[kind, default: 0] += 1 } }
    func finished(_ status: RunStatus) { values.withLock { $0.runs[status, default: 0] += 1 } }
    func refusedStale() { values.withLock { $0.staleFences += 1 } }
    func reaped(_ count: Int) { if count > 0 { values.withLock { $0.reaped += count } } }
    func heldOff() { values.withLock { $0.holdOffs += 1 } }
    func storeFailed() { values.withLock { $0.storeFailures += 1 } }

    func told(_ verdict: Outcome.Verdict) { values.withLock { $0.notices[verdict, default: 0] += 1 } }

    package func mailed(_ outcome: MailOutcome) {
        let kind: MailFailure.Kind? = if case .failed(let failure) = outcome { failure.kind } else { nil }
        values.withLock { $0.mails[kind, default: 0] += 1 }
    }

    func postponed(_ count: Int) { if count > 0 { values.withLock { $0.postponed += count } } }

    func held(_ held: Int, busy: Int, waitingForHosts: Int) {
        values.withLock { values in
            values.held = held
            values.busy = busy
            values.waitingForHosts = waitingForHosts
        }
    }

    /// The Prometheus text format, version 0.0.4.
    package var text: String {
        let values = values.withLock { $0 }
        var lines: [String] = []
        lines += histogram(values)
        lines += family("cronpp_runs_total", "counter", "Runs by the status that an attempt brought them to.")
        for status in [RunStatus.success, .retrying, .dead, .skipped, .cancelled] {
            lines.append("cronpp_runs_total{status=\"\(status.name)\"} \(values.runs[status] ?? 0)")
        }
        lines += family("cronpp_attempts_total", "counter", "Attempts by outcome.")
        for kind in Outcome.Kind.allCases {
            lines.append("cronpp_attempts_total{outcome=\"\(kind.rawValue)\"} \(values.attempts[kind] ?? 0)")
        }
        lines += family("cronpp_mails_total", "counter", "Tries to hand over a mail, by outcome.")
        for kind in [nil] + MailFailure.Kind.allCases {
            lines.append("cronpp_mails_total{outcome=\"\(kind?.rawValue ?? "accepted")\"} \(values.mails[kind] ?? 0)")
        }
        lines += family("cronpp_alerts_total", "counter", "Tries to tell what an alert rule has found, by outcome.")
        for (name, verdict) in [("accepted", Outcome.Verdict.success), ("failed", .transient), ("refused", .permanent)] {
            lines.append("cronpp_alerts_total{outcome=\"\(name)\"} \(values.notices[verdict] ?? 0)")
        }
        for (name, type, help, value) in [
            (
                "cronpp_stale_fence_total", "counter", "Outcomes refused because their run had been taken away.",
                values.staleFences
            ),
            ("cronpp_reaped_total", "counter", "Runs taken from nodes that were gone.", values.reaped),
            (
                "cronpp_reap_hold_offs_total", "counter",
                "Times that lost runs were left for a while, so that other nodes could renew their leases.", values.holdOffs
            ),
            ("cronpp_store_failures_total", "counter", "Store calls that failed.", values.storeFailures),
            ("cronpp_held_runs", "gauge", "Runs that this node holds.", values.held),
            ("cronpp_running_attempts", "gauge", "Attempts starting or under way on this node.", values.busy),
            (
                "cronpp_host_waiting_runs", "gauge", "Runs that are due and wait here because their host has no room.",
                values.waitingForHosts
            ),
            (
                "cronpp_host_postponed_total", "counter", "Runs given back without a start: their host has no room.",
                values.postponed
            ),
        ] {
            lines += family(name, type, help)
            lines.append("\(name) \(value)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func histogram(_ values: Values) -> [String] {
        let name = "cronpp_start_delay_seconds"
        var lines = family(name, "histogram", "First attempt's start minus scheduled_for.")
        var total = 0
        for (bound, count) in zip(Self.delayBoundsMilliseconds, values.delayCounts) {
            total += count
            lines.append("\(name)_bucket{le=\"\(Double(bound) / 1_000)\"} \(total)")
        }
        total += values.delayCounts[Self.delayBoundsMilliseconds.count]
        lines.append("\(name)_bucket{le=\"+Inf\"} \(total)")
        lines.append("\(name)_sum \(Double(values.delayMicroseconds) / 1_000_000)")
        lines.append("\(name)_count \(total)")
        return lines
    }

    private func family(_ name: String, _ type: String, _ help: String) -> [String] {
        ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"]
    }
}
