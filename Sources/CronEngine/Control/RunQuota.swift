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

    /// Counts one run that is asked for.
    /// - Throws: `quotaUsed`.
    func take(_ space: UserID) async throws(ControlError) {
        let count = await counter.count("runs:\(space)", window: Self.window)
        if count.uses > perMinute { throw .quotaUsed(perMinute, endsIn: count.endsIn) }
    }

    /// It was not run after all.
    func takeBack(_ space: UserID) async { await counter.takeBack("runs:\(space)") }
}
