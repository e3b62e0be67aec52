import CronModel
import CronSchedule

/// How a run came to where it is, as a line from the moment that it was due: attempts thick, waits thin, lengths in
/// proportion. The table of its events says the same in words.
struct RunStepsView: Sendable {
    /// Bars of one picture; what is beyond is one bar in the middle.
    static let most = 24
    private static let width = 772.0
    /// A step that took no time to speak of is still seen.
    private static let narrowest = 6.0
    /// What a label needs, in the same unit.
    private static let readable = 64.0

    let bars: [Bar]
    /// What happened, in a sentence or two.
    let summary: String
    let endKey: String

    struct Bar: Sendable {
        let key: String
        let words: String
        let x: String
        let y: String
        let width: String
        let height: String
        let middle: String
        let labelY: String
        let label: String?
    }

    /// From one edge to the next.
    struct Step: Hashable, Sendable {
        var status: RunStatus
        var reason: RunReason
        var attempt: Int
        var length: Span
        /// Steps that this one stands for.
        var count = 1

        /// What it waited for.
        var why: String {
            switch reason {
            case .planned, .triggered, .redriven, .claimed: "until it could start"
            case .attemptFailed: "until the next attempt"
            default: reason.words
            }
        }

        fileprivate func isContinued(by next: Step) -> Bool {
            if next.status == .queued, status.isWaiting { return true }
            return status == next.status && reason == next.reason && attempt == next.attempt
        }

        var words: String {
            let long = DurationText.exact(length)
            if count > 1 { return "\(count) steps, \(long)" }
            if status == .running { return "attempt \(attempt), \(long)" }
            return "waited \(long): \(why)"
        }
    }

    /// Nil for a run that never waited nor ran: a slot that was skipped.
    init?(_ run: Run, _ attempts: [Attempt], now: Instant) {
        let steps = Self.cut(Self.steps(of: run, now: now))
        guard !steps.isEmpty, run.status != .skipped else { return nil }
        bars = Self.bars(steps)
        summary = Self.summary(run, attempts, steps, now: now)
        endKey = StateView(run.status).key
    }

    /// What was before it was due is planning, and not shown.
    static func steps(of run: Run, now: Instant) -> [Step] {
        let edges = run.events
        var steps: [Step] = []
        for (index, edge) in edges.enumerated() {
            let isLast = index == edges.count - 1
            guard !isLast || run.status.isLive else { break }
            let end = isLast ? now : edges[index + 1].at
            let start = max(edge.at, run.scheduledFor)
            guard end > start else { continue }
            let step = Step(status: edge.to, reason: edge.reason, attempt: edge.attempt, length: end - start)
            // Nodes claim ahead of time: it still waits for the same.
            if let last = steps.last, last.isContinued(by: step) {
                steps[steps.count - 1].length = last.length + step.length
            } else {
                steps.append(step)
            }
        }
        return steps
    }

    private static func cut(_ steps: [Step]) -> [Step] {
        guard steps.count > most else { return steps }
        let half = most / 2
        var middle = steps[half..<(steps.count - half + 1)]
        guard var one = middle.popFirst() else { return steps }
        one.status = .pending
        for step in middle {
            one.length = one.length + step.length
            one.count += 1
        }
        return steps.prefix(half) + [one] + steps.suffix(half - 1)
    }

    private static func bars(_ steps: [Step]) -> [Bar] {
        let whole = steps.reduce(0.0) { $0 + Double($1.length.microseconds) }
        let free = width - narrowest * Double(steps.count)
        var x = 0.0
        return steps.map { step in
            let share = whole > 0 ? Double(step.length.microseconds) / whole : 0
            let wide = narrowest + free * share
            defer { x += wide }
            let isThick = step.status == .running
            return Bar(
                key: StateView(step.status).key, words: step.words, x: text(x), y: isThick ? "18" : "25",
                width: text(max(1, wide - 2)), height: isThick ? "20" : "6", middle: text(x + wide / 2),
                labelY: isThick ? "12" : "50", label: wide >= readable ? DurationText.exact(step.length) : nil)
        }
    }

    /// One digit behind the point is more than a screen shows.
    private static func text(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func summary(_ run: Run, _ attempts: [Attempt], _ steps: [Step], now: Instant) -> String {
        var parts: [String] = []
        if let first = attempts.map(\.startedAt).min() {
            parts.append("Started \(DurationText.exact(first - run.scheduledFor)) after it was due")
        } else {
            parts.append(run.status.isLive ? "Not started yet" : "Never started")
        }
        if !attempts.isEmpty {
            let running = attempts.reduce(Span.zero) { $0 + (($1.finishedAt ?? now) - $1.startedAt) }
            let count = attempts.count == 1 ? "1 attempt" : "\(attempts.count) attempts"
            parts.append("\(count) took \(DurationText.exact(running))")
        }
        let waits = steps.filter { $0.status.isWaiting && $0.count == 1 && $0.length >= .milliseconds(100) }
        if let longest = waits.max(by: { $0.length < $1.length }) {
            parts.append("the longest wait was \(DurationText.exact(longest.length)): \(longest.why)")
        }
        if !run.status.isLive, let end = run.events.last?.at, end > run.scheduledFor {
            parts.append(
                "\(StateView(run.status).word.lowercased()) \(DurationText.exact(end - run.scheduledFor)) after it was due"
            )
        }
        return parts.joined(separator: "; ") + "."
    }
}
