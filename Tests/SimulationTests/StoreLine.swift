import CronModel
import CronSchedule
import CronTesting

/// Between a caller and the database: messages take their time, transactions stay open for a while, answers are lost.
final class StoreLine {
    private unowned let simulation: Simulation
    private var blocked: [TransactionID: () -> Void] = [:]
    var isDown = false

    /// How the process stands that makes a call.
    enum CallerState {
        case working
        /// Its messages go nowhere.
        case cutOff
        case frozen
        case gone
    }

    /// One call on its way.
    private struct Call<Answer> {
        let verb: MemoryVerb<Answer>
        let caller: () -> CallerState
        let onCommit: (Answer) -> Void
        let reply: (Result<Answer, StoreError>) -> Void
    }

    init(_ simulation: Simulation) { self.simulation = simulation }

    /// - Parameter onCommit: sees the answer at the moment of the commit, whoever gets to read it.
    func call<Answer>(
        _ verb: MemoryVerb<Answer>, by caller: @escaping () -> CallerState = { .working },
        onCommit: @escaping (Answer) -> Void = { _ in }, reply: @escaping (Result<Answer, StoreError>) -> Void
    ) {
        let call = Call(verb: verb, caller: caller, onCommit: onCommit, reply: reply)
        simulation.after(delay()) { self.arrive(call) }
    }

    private func arrive<Answer>(_ call: Call<Answer>) {
        if isDown { return answer(call, .failure(.unavailable("the database is down"))) }
        switch call.caller() {
        case .gone: return
        case .cutOff:
            simulation.after(simulation.span(200...1_000)) { self.answer(call, .failure(.unavailable("no route"))) }
        case .working, .frozen: stage(call)
        }
    }

    private func stage<Answer>(_ call: Call<Answer>, continuing transaction: MemoryTransaction? = nil) {
        do throws(StoreError) {
            switch try simulation.database.stage(call.verb, continuing: transaction) {
            case .staged(let staged):
                let opened = simulation.clock.now
                simulation.after(simulation.span(0...1)) { self.close(call, staged, opened: opened) }
            case .blocked(let waiting):
                wait(call, waiting)
            case .waiting(let until, let waiting):
                simulation.at(until) { self.stage(call, continuing: waiting) }
            }
        } catch {
            wakeUnblocked()
            answer(call, .failure(error))
        }
    }

    private func wait<Answer>(_ call: Call<Answer>, _ transaction: MemoryTransaction) {
        let id = transaction.id
        blocked[id] = { self.stage(call, continuing: transaction) }
        simulation.after(simulation.database.lockTimeout) {
            guard self.simulation.database.isBlocked(id), self.blocked.removeValue(forKey: id) != nil else { return }
            self.rollback(transaction)
            self.answer(call, .failure(.unavailable("lock timeout")))
        }
    }

    /// The COMMIT: of a frozen process it may still be to come, of one that is gone it may be on its way.
    private func close<Answer>(_ call: Call<Answer>, _ staged: StagedTransaction<Answer>, opened: Instant) {
        switch call.caller() {
        case .frozen where simulation.chance(0.9):
            guard simulation.clock.now < opened + simulation.database.lockTimeout else {
                rollback(staged.transaction)
                return answer(call, .failure(.unavailable("idle in transaction for too long")))
            }
            return simulation.after(.milliseconds(100)) { self.close(call, staged, opened: opened) }
        case .gone where simulation.chance(0.5):
            return rollback(staged.transaction)
        case .working where isDown || simulation.strikes(0.005):
            rollback(staged.transaction)
            return answer(call, .failure(.unavailable("the connection broke")))
        case .cutOff where simulation.chance(0.5):
            rollback(staged.transaction)
            return answer(call, .failure(.outcomeUnknown("the connection broke")))
        case .working, .cutOff, .frozen, .gone:
            commit(call, staged)
        }
    }

    private func commit<Answer>(_ call: Call<Answer>, _ staged: StagedTransaction<Answer>) {
        do throws(StoreError) {
            let committed = try staged.commit()
            simulation.tell("\(call.verb.name): \(Story.line(committed))")
            call.onCommit(committed)
            wakeUnblocked()
            if simulation.strikes(0.01) || call.caller() == .cutOff {
                simulation.after(simulation.span(0...1_500)) {
                    self.answer(call, .failure(.outcomeUnknown("the answer was lost")))
                }
            } else {
                answer(call, .success(committed))
            }
        } catch {
            wakeUnblocked()
            answer(call, .failure(error))
        }
    }

    private func rollback(_ transaction: MemoryTransaction) {
        transaction.release()
        wakeUnblocked()
    }

    private func answer<Answer>(_ call: Call<Answer>, _ result: Result<Answer, StoreError>) {
        if case .failure(let error) = result { simulation.tell("\(call.verb.name) failed: \(error)") }
        if case .failure(.corrupt(let what)) = result { simulation.checker.report("\(call.verb.name): \(what)") }
        simulation.after(delay()) { call.reply(result) }
    }

    private func wakeUnblocked() {
        for id in blocked.keys.sorted() where !simulation.database.isBlocked(id) {
            if let resume = blocked.removeValue(forKey: id) { simulation.after(.zero, resume) }
        }
    }

    /// Mostly short, now and then long enough for everything to change meanwhile.
    private func delay() -> Span {
        guard !simulation.isCalm else { return simulation.span(0.1...1) }
        let kind = simulation.random.fraction()
        return simulation.span(kind < 0.9 ? 0.1...2 : kind < 0.98 ? 5...80 : 100...1_500)
    }
}
