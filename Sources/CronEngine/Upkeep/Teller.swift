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

    /// Ended when its time is over: another node is then given what has not been heard of.
    private func outcome(of notice: Notice) async -> Outcome {
        await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await executor.run(notice.context) }
            group.addTask {
                await clock.wait(until: clock.now + Notice.timeout)
                return nil
            }
            while let ended = await group.next() {
                // What is told to end still says how far it got.
                group.cancelAll()
                if let ended { return ended }
            }
            return Outcome(kind: .timeout, verdict: .transient, reach: .maybeSent)
        }
    }
}
