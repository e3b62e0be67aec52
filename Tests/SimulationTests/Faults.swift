import CronModel
import CronSchedule

/// What goes wrong from outside: processes die, freeze and are restarted, the database goes away.
struct Faults {
    private let simulation: Simulation

    init(_ simulation: Simulation) { self.simulation = simulation }

    func begin() { next() }

    private func next() {
        simulation.after(simulation.span(200...3_000)) {
            guard !simulation.isCalm else { return }
            strike()
            next()
        }
    }

    private func strike() {
        let node = simulation.pick(simulation.nodes)
        switch simulation.random.fraction() {
        case ..<0.25: node.crash()
        case ..<0.55: node.freeze(for: shorterOrLongerThanALease())
        case ..<0.75: node.cutOff(for: shorterOrLongerThanALease())
        case ..<0.85: node.drain()
        default: outage()
        }
    }

    private func shorterOrLongerThanALease() -> Span {
        simulation.chance(0.5) ? simulation.span(10...900) : simulation.span(900...7_000)
    }

    private func outage() {
        guard !simulation.line.isDown else { return }
        simulation.tell("the database goes away")
        simulation.line.isDown = true
        simulation.after(simulation.chance(0.7) ? simulation.span(10...1_000) : simulation.span(1_000...9_000)) {
            simulation.line.isDown = false
        }
    }
}
