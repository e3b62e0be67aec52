package import CronModel
import CronSchedule
import Synchronization

/// One follower of a run's output; for one task at a time. Takes nothing before it is first asked.
package final class OutputWatch: Sendable {
    private struct State {
        var course: OutputCourse
        var follower: UInt64?
        var run: Run
        var attempts: [Attempt] = []
        /// By `EngineClock.uptime`.
        var lookAt = Span.zero
        var timerAt: Span?
        /// Since when the outcome is known of an attempt whose last pieces are not.
        var waitsSince: Span?
        var isNudged = false
        var isEnded = false
    }

    private let id: RunID
    private let space: UserID
    private let runs: RunControl
    private let outputs: LiveOutputs
    private let clock: any EngineClock
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let state: Mutex<State>

    /// - Parameter position: what the follower has seen already.
    package init(_ run: Run, after position: OutputPosition?, runs: RunControl, outputs: LiveOutputs) {
        id = run.id
        space = run.userID
        self.runs = runs
        self.outputs = outputs
        clock = outputs.clock
        (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(State(course: OutputCourse(after: position), run: run))
    }

    deinit { end() }

    /// What there is since the last call, waiting until there is something: nothing after a `nudge`. Nil when the run has
    /// ended and that was told, it is gone, or the watch or the task has ended.
    package func next() async -> [ToldOutput]? {
        guard await begin() else { return nil }
        repeat {
            guard await look() else { return nil }
            let told = await read()
            if !told.isEmpty || takeNudge() { return told }
            scheduleLook()
        } while await isSignalled()
        return nil
    }

    /// Lets `next` return although nothing may have come.
    package func nudge() {
        state.withLock { $0.isNudged = true }
        signal.yield()
    }

    package func end() {
        let follower = state.withLock { state in
            state.isEnded = true
            defer { state.follower = nil }
            return state.follower
        }
        signal.finish()
        if let follower { Task { [outputs, id] in await outputs.leave(id, follower) } }
    }

    private func begin() async -> Bool {
        let (isOver, isNew) = state.withLock { ($0.isEnded || $0.course.isOver, $0.follower == nil) }
        guard !isOver else { return false }
        guard isNew else { return true }
        let follower = await outputs.join(id, space: space, signal)
        let isLate = state.withLock { state in
            if !state.isEnded { state.follower = follower }
            return state.isEnded
        }
        if isLate { await outputs.leave(id, follower) }
        return !isLate
    }

    private func isSignalled() async -> Bool {
        for await _ in signals { return !Task.isCancelled }
        return false
    }

    private func takeNudge() -> Bool {
        state.withLock { state in
            defer { state.isNudged = false }
            return state.isNudged
        }
    }
}

// MARK: - What there is

extension OutputWatch {
    /// How far the run has come, if it is time to ask. False when it is gone. A store that cannot say is asked again.
    private func look() async -> Bool {
        let now = clock.uptime
        guard state.withLock({ now >= $0.lookAt }) else { return true }
        do throws(ControlError) {
            let run = try await runs.read(id, owner: space)
            let course = state.withLock { $0.course }
            let isBehind = course.position.map { $0.attempt < run.attempt } ?? false
            let attempts = isBehind ? try await runs.attempts(of: id, owner: space) : run.current.map { [$0] } ?? []
            state.withLock { state in
                state.run = run
                state.attempts = attempts
            }
        } catch .store(.notFound) {
            return false
        } catch {
            // It is away: what is known goes on, and the next look may find it.
        }
        state.withLock { $0.lookAt = now + OutputLimit.look }
        return true
    }

    private func read() async -> [ToldOutput] {
        var (course, run, attempts) = state.withLock { ($0.course, $0.run, $0.attempts) }
        var readings: [OutputKey: OutputReading] = [:]
        let open = course.open(attempts)
        if open.isEmpty { await outputs.rest(id) }
        for attempt in open {
            let key = OutputKey(run: run.id, fence: attempt.fence)
            readings[key] = await outputs.read(key, after: course.offset(in: attempt))
        }
        let now = clock.uptime
        let since = state.withLock { $0.waitsSince }
        let told = course.next(
            run, attempts, readings, isLate: since.map { now - $0 >= OutputLimit.patience } ?? false)
        let waits = course.open(attempts).contains { $0.outcome != nil }
        // The outcome follows soon.
        let isSoon = readings.values.contains(where: \.isEnded) && !course.isOver
        state.withLock { state in
            state.course = course
            state.waitsSince = waits ? state.waitsSince ?? now : nil
            if isSoon || waits { state.lookAt = min(state.lookAt, now + OutputLimit.lookSoon) }
        }
        return told
    }

    private func scheduleLook() {
        let now = clock.uptime
        let at = state.withLock { state -> Span? in
            if let timerAt = state.timerAt, timerAt <= state.lookAt, timerAt > now { return nil }
            state.timerAt = state.lookAt
            return state.lookAt
        }
        guard let at else { return }
        Task { [weak self, clock] in
            await clock.wait(until: clock.now + (at - now))
            self?.timerEnded(at)
        }
    }

    /// One in whose place an earlier one was set does nothing.
    private func timerEnded(_ at: Span) {
        let isCurrent = state.withLock { state in
            guard state.timerAt == at else { return false }
            state.timerAt = nil
            return true
        }
        if isCurrent { signal.yield() }
    }
}
