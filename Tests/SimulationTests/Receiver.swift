import CronModel
import CronSchedule

/// The world outside: how attempts end, and how long they take.
enum Receiver {
    static func attempt(_ simulation: Simulation) -> (outcome: Outcome, duration: Span) {
        guard !simulation.isCalm else { return (.success, simulation.span(1...20)) }
        let duration = simulation.chance(0.8) ? simulation.span(1...200) : simulation.span(500...3_000)
        switch simulation.random.fraction() {
        case ..<0.6: return (.success, duration)
        case ..<0.75: return (Outcome(kind: .httpError, verdict: .transient, reach: .answered), duration)
        case ..<0.8: return (Outcome(kind: .httpError, verdict: .permanent, reach: .answered), duration)
        case ..<0.9: return (Outcome(kind: .connectError, verdict: .transient, reach: .nothingSent), duration)
        case ..<0.98: return (Outcome(kind: .timeout, verdict: .transient, reach: .maybeSent), duration)
        default:
            var gone = Outcome(kind: .httpError, verdict: .permanent, reach: .answered)
            gone.disablesJob = true
            return (gone, duration)
        }
    }
}
