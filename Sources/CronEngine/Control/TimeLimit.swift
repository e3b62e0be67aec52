import CronModel
import CronSchedule

extension EngineClock {
    /// What the work comes to, which is cancelled when it takes too long: what is told to end still says how far it got.
    func run<Value: Sendable>(
        within limit: Span, _ work: @escaping @Sendable () async -> Value
    ) async -> (value: Value, isLate: Bool) {
        let end = now + limit
        let work = Task { await work() }
        let timer = Task {
            await wait(until: end)
            guard !Task.isCancelled else { return false }
            work.cancel()
            return true
        }
        let value = await withTaskCancellationHandler { await work.value } onCancel: { work.cancel() }
        timer.cancel()
        return (value, await timer.value)
    }
}
