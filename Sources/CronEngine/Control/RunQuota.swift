package import CronModel
package import CronSchedule

/// How many runs people and programs of one space may ask for in a minute, counted by all nodes together where they can.
/// What schedules bring is delayed instead (`EngineSettings.spaceRunsPerMinute`): nobody waits for an answer to that.
package struct RunQuota: Sendable {
    static let window = Span.minutes(1)

    let perMinute: Int
    let counter: any RateCounter

    package init(perMinute: Int, counter: any RateCounter) {
        self.perMinute = perMinute
        self.counter = counter
    }

    /// Counts one run that is asked for, unless it was refused or had been started by an earlier request. One that may
    /// have started counts.
    /// - Throws: `quotaUsed` when there are too many.
    func counting<Answer>(
        _ space: UserID, isReplay: (Answer) -> Bool, _ work: () async throws(StoreError) -> Answer
    ) async throws(ControlError) -> Answer {
        let key = "runs:\(space)"
        let count = await counter.count(key, window: Self.window)
        if count.uses > perMinute { throw .quotaUsed(perMinute, endsIn: count.endsIn) }
        do {
            let answer = try await work()
            if isReplay(answer) { await counter.takeBack(key) }
            return answer
        } catch {
            let refusal = ControlError(error)
            if !refusal.mayHaveHappened { await counter.takeBack(key) }
            throw refusal
        }
    }
}
