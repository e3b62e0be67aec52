package import CronModel
package import CronSchedule
import Synchronization

/// What a test of an action has come to.
package struct ActionTest: Sendable {
    package let outcome: Outcome
    /// Nothing of what it did has stayed.
    package let isTakenBack: Bool
    package let startedAt: Instant
    package let finishedAt: Instant
    /// Its parts in order, as far as it got; none of what calls nobody.
    package let phases: [ActionPhase]

    package var took: Span { finishedAt - startedAt }
}

/// A part of a request's time.
package struct ActionPhase: Sendable {
    package enum Name: String, CaseIterable, Sendable {
        /// The host's addresses are found.
        case lookUp = "look_up"
        /// Until the request's first byte may leave: dial and TLS, or nothing where a connection was open.
        case connect
        /// Until the answer begins.
        case wait
        /// Until it has ended.
        case read
    }

    package let name: Name
    package let took: Span
}

/// When an attempt got how far.
final class ActionCourse: Sendable {
    private let clock: any EngineClock
    private let marks = Mutex<[AttemptMark: Instant]>([:])

    init(clock: any EngineClock) { self.clock = clock }

    func reach(_ mark: AttemptMark) {
        let now = clock.now
        marks.withLock { marks in if marks[mark] == nil { marks[mark] = now } }
    }

    /// The phase in which it ended is the last.
    func phases(from start: Instant, to end: Instant) -> [ActionPhase] {
        let marks = marks.withLock { $0 }
        guard !marks.isEmpty else { return [] }
        var phases: [ActionPhase] = []
        var begin = start
        for (name, mark) in zip(ActionPhase.Name.allCases, [AttemptMark.resolved, .sent, .answered]) {
            guard let next = marks[mark] else {
                return phases + [ActionPhase(name: name, took: max(.zero, end - begin))]
            }
            phases.append(ActionPhase(name: name, took: max(.zero, next - begin)))
            begin = next
        }
        return phases + [ActionPhase(name: .read, took: max(.zero, end - begin))]
    }
}
