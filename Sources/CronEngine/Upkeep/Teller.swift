import CronModel
import CronSchedule

/// Tells people what a rule has found: each notice as an attempt of an alert, all of a batch at once.
struct Teller: Sendable {
    let executor: Executor
    let clock: any EngineClock

    func tell(_ notices: [Notice]) async -> [NoticeResult] {
        await withTaskGroup(of: NoticeResult.self) { group in
            #if FAILPOINTS
                Failpoint.hit("before_tell")
            #endif
            for notice in notices { group.addTask { NoticeResult(notice, await outcome(of: notice)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Has stored what came of notices, again and again until another may be given them: what is not known to have arrived is
    /// told once more.
    /// - Parameter end: of the time in which they are this node's, by `EngineClock.uptime`.
    func settle(_ results: [NoticeResult], by end: Span, in store: any Store) async -> Result<Void, StoreError> {
        while true {
            do throws(StoreError) {
                return .success(try await store.settle(results))
            } catch {
                guard clock.uptime + EngineSettings.storeRetry < end else { return .failure(error) }
            }
            await clock.wait(until: clock.now + EngineSettings.storeRetry)
        }
    }

    /// Ended when its time is over, and soon after left to itself if it does not end: another node is then given what has not
    /// been heard of.
    private func outcome(of notice: Notice) async -> Outcome {
        let (ends, end) = AsyncStream<Outcome>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let attempt = Task { _ = end.yield(await executor.run(notice.context)) }
        let limit = Task {
            await clock.wait(until: clock.now + Notice.timeout)
            // What is told to end still says how far it got.
            attempt.cancel()
            await clock.wait(until: clock.now + EngineSettings.abortGrace)
            end.yield(.tellingTimedOut)
        }
        defer { limit.cancel() }
        for await outcome in ends { return outcome }
        return .tellingTimedOut
    }
}

extension Outcome {
    fileprivate static var tellingTimedOut: Outcome {
        var outcome = Outcome(kind: .timeout, verdict: .transient, reach: .maybeSent)
        outcome.error = "nothing was heard of it within \(Notice.timeout + EngineSettings.abortGrace)"
        return outcome
    }
}
