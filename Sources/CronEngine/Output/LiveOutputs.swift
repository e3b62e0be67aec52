package import CronModel
import CronSchedule

/// The output of attempts under way, for those who follow it on this node: of attempts that this node makes, and by the
/// board of those that others make. While nobody follows any, a node that makes them asks the board every
/// `OutputLimit.heed` whether somebody does elsewhere, and nothing else is done.
package actor LiveOutputs {
    private struct Followed {
        var space: UserID
        var signals: [UInt64: AsyncStream<Void>.Continuation] = [:]
        /// The attempt that its followers read now.
        var key: OutputKey?
        /// By `EngineClock.uptime`: when the board was asked for it.
        var askedAt: Span?
    }

    /// An attempt's output that is, or was lately, followed.
    private struct Shown {
        var log = OutputLog()
        /// Of an attempt of this node.
        var cutter: OutputCutter?
        /// How far others have been told.
        var told: Int64 = -1
        var hasToldLast = false
        var wantedAt: Span
    }

    package nonisolated let clock: any EngineClock
    private let board: (any OutputBoard)?
    private let wakeups: any WakeupChannel
    private let due: AsyncStream<Void>.Continuation
    private var taps: [OutputKey: OutputTap] = [:]
    private var followed: [RunID: Followed] = [:]
    private var shown: [OutputKey: Shown] = [:]
    /// Runs of this node that are followed elsewhere.
    private var asked: Set<RunID> = []
    private var lastFollower: UInt64 = 0
    private var timerAt: Span?
    private var heedAt = Span.zero
    private var heededAt = Span.zero
    private var pruneAt: Span?
    private var hints: Task<Void, Never>?
    private var isTalking = false
    private var isClosed = false

    /// - Parameter board: nil where one process alone uses the store.
    package init(board: (any OutputBoard)? = nil, wakeups: any WakeupChannel, clock: any EngineClock) {
        self.board = board
        self.wakeups = wakeups
        self.clock = clock
        let (dues, due) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.due = due
        Task { [weak self] in
            for await _ in dues { await self?.turn() }
        }
    }

    deinit { due.finish() }

    package func close() {
        isClosed = true
        due.finish()
        hints?.cancel()
        for signal in followed.values.flatMap(\.signals.values) { signal.finish() }
        followed = [:]
    }
}

// MARK: - Attempts of this node

extension LiveOutputs {
    /// Waits for nothing, like `end`: an attempt is not held up by those who follow others.
    /// - Parameter secrets: what is not to be seen of its output.
    package nonisolated func begin(_ attempt: AttemptContext, hiding secrets: [String]) -> OutputTap {
        let key = OutputKey(run: attempt.runID, fence: attempt.fence)
        let tap = OutputTap(key: key, space: attempt.userID, secrets: secrets)
        Task { await begun(tap) }
        return tap
    }

    package nonisolated func end(_ tap: OutputTap) {
        tap.end()
        Task { await ended(tap) }
    }

    private func begun(_ tap: OutputTap) {
        let isFollowed = followed[tap.key.run] != nil
        guard isFollowed || !tap.isEnded, !isClosed else { return }
        taps[tap.key] = tap
        let isLong = timerAt.map { $0 - clock.uptime > OutputLimit.heed } ?? true
        if isFollowed || (board != nil && isLong) { wakeSoon() }
        guard board != nil, hints == nil else { return }
        let hints = wakeups.hints()
        self.hints = Task { [weak self] in
            for await _ in hints { await self?.heedSoon() }
        }
    }

    /// What somebody follows is forgotten when the last of it has been told.
    private func ended(_ tap: OutputTap) {
        if shown[tap.key]?.cutter == nil, followed[tap.key.run] == nil { taps[tap.key] = nil } else { wakeSoon() }
    }

    /// Somebody may have begun to follow elsewhere.
    private func heedSoon() {
        guard !taps.isEmpty else { return }
        heedAt = min(heedAt, heededAt + OutputLimit.pace)
        wakeSoon()
    }
}

// MARK: - Followers

extension LiveOutputs {
    /// - Parameter signal: told when there may be something to read.
    func join(_ run: RunID, space: UserID, _ signal: AsyncStream<Void>.Continuation) -> UInt64 {
        guard !isClosed else {
            signal.finish()
            return 0
        }
        lastFollower += 1
        followed[run, default: Followed(space: space)].signals[lastFollower] = signal
        wakeSoon()
        return lastFollower
    }

    func leave(_ run: RunID, _ follower: UInt64) {
        followed[run]?.signals[follower] = nil
        if followed[run]?.signals.isEmpty == true { followed[run] = nil }
    }

    /// There is nothing to read before the next attempt.
    func rest(_ run: RunID) { followed[run]?.key = nil }

    /// What a follower has not read yet; nil where nothing is known of the attempt's output.
    func read(_ key: OutputKey, after place: Int64) -> OutputReading? {
        if followed[key.run]?.key != key {
            followed[key.run]?.key = key
            // Whoever makes the attempt may not know that it is followed.
            followed[key.run]?.askedAt = nil
            wakeSoon()
        }
        guard let log = shown[key]?.log, !log.pieces.isEmpty else { return nil }
        return OutputReading(pieces: Array(log.pieces(after: place)), isEnded: log.isEnded)
    }
}

// MARK: - Turns

extension LiveOutputs {
    private func wakeSoon() { due.yield() }

    private func turn() {
        let now = clock.uptime
        showOwn(now)
        forget(now)
        if let board, !isTalking {
            // Beside what is shown here, which a slow database must not hold up.
            isTalking = true
            Task { await talk(by: board) }
        }
        schedule()
    }

    private func talk(by board: any OutputBoard) async {
        let now = clock.uptime
        await heed(board, now)
        await tellOthers(board)
        await askOthers(board, now)
        await hearOthers(board, now)
        await prune(board, now)
        isTalking = false
    }

    /// Asks whether somebody elsewhere follows what is made here.
    private func heed(_ board: any OutputBoard, _ now: Span) async {
        let runs = Set(taps.keys.map(\.run))
        guard !runs.isEmpty else {
            asked = []
            return
        }
        guard now >= heedAt else { return }
        heededAt = now
        heedAt = now + OutputLimit.heed
        guard let found = try? await board.asked(Array(runs)) else { return }
        let isNews = !found.subtracting(asked).isEmpty
        asked = found
        if isNews { showOwn(now) }
    }

    private func showOwn(_ now: Span) {
        for (key, tap) in taps where followed[key.run] != nil || asked.contains(key.run) {
            tap.open()
            let (written, isEnded) = tap.take()
            var output = shown[key] ?? Shown(wantedAt: now)
            var cutter = output.cutter ?? OutputCutter(hiding: tap.secrets)
            let pieces = cutter.pieces(of: written, isLast: isEnded)
            for piece in pieces { output.log.append(piece) }
            output.cutter = cutter
            output.wantedAt = now
            shown[key] = output
            if !pieces.isEmpty { signal(key.run) }
        }
    }

    private func tellOthers(_ board: any OutputBoard) async {
        var posts: [OutputPost] = []
        for (key, tap) in taps where asked.contains(key.run) {
            guard let output = shown[key] else { continue }
            posts += output.log.pieces(after: output.told).map { OutputPost(key: key, space: tap.space, piece: $0) }
        }
        posts = Array(posts.prefix(OutputLimit.boardPieces))
        // What could not be told now is told with the next, as far as it is kept.
        guard !posts.isEmpty, (try? await board.put(posts)) != nil else { return }
        for post in posts {
            shown[post.key]?.told = post.piece.end
            shown[post.key]?.hasToldLast = post.piece.isLast
        }
        leaveTidy()
    }

    private func askOthers(_ board: any OutputBoard, _ now: Span) async {
        let here = Set(taps.keys.map(\.run))
        let due = followed.filter { run, one in
            !here.contains(run) && one.askedAt.map { now - $0 >= OutputLimit.askAgain } ?? true
        }
        guard !due.isEmpty, (try? await board.ask(due.mapValues(\.space), for: OutputLimit.askFor)) != nil else {
            return
        }
        for run in due.keys { followed[run]?.askedAt = now }
        if due.values.contains(where: { $0.askedAt == nil }) { wakeups.wake() }
        leaveTidy()
    }

    private func hearOthers(_ board: any OutputBoard, _ now: Span) async {
        var places: [OutputKey: Int64] = [:]
        for one in followed.values {
            guard let key = one.key, taps[key] == nil, shown[key]?.log.isEnded != true else { continue }
            places[key] = shown[key]?.log.end ?? 0
        }
        guard !places.isEmpty, let posts = try? await board.read(places) else { return }
        for post in posts {
            shown[post.key, default: Shown(wantedAt: now)].log.append(post.piece)
            shown[post.key]?.wantedAt = now
            signal(post.key.run)
        }
    }

    private func leaveTidy() { if pruneAt == nil { pruneAt = clock.uptime + OutputLimit.boardLife } }

    /// The board is left as it was found by whoever used it last.
    private func prune(_ board: any OutputBoard, _ now: Span) async {
        guard let at = pruneAt, now >= at else { return }
        pruneAt = nil
        _ = try? await board.prune()
    }

    private func signal(_ run: RunID) {
        for signal in followed[run]?.signals.values ?? [:].values { signal.yield() }
    }

    private func forget(_ now: Span) {
        for (key, output) in shown {
            let isLeft = now - output.wantedAt > OutputLimit.linger
            // Told to the end, or nobody is there to tell.
            if output.log.isEnded, isLeft || !asked.contains(key.run) || output.hasToldLast { taps[key] = nil }
            if !isLeft || (followed[key.run]?.key == key && !output.log.isEnded) { continue }
            shown[key] = nil
            taps[key]?.close()
            if taps[key]?.isEnded == true { taps[key] = nil }
        }
    }

    private func schedule() {
        let now = clock.uptime
        var wait: Span?
        if !followed.isEmpty || taps.keys.contains(where: { shown[$0] != nil }) {
            wait = OutputLimit.pace
        } else if board != nil, !taps.isEmpty {
            wait = max(heedAt - now, OutputLimit.pace)
        } else if !shown.isEmpty {
            wait = OutputLimit.linger
        } else if let pruneAt {
            wait = max(pruneAt - now, OutputLimit.pace)
        }
        guard let wait, !isClosed else { return }
        let at = now + wait
        if let timerAt, timerAt <= at, timerAt > now { return }
        timerAt = at
        Task { [weak self, clock] in
            await clock.wait(until: clock.now + wait)
            await self?.timerEnded(at)
        }
    }

    /// One in whose place an earlier one was set does nothing: it would begin a second row of turns.
    private func timerEnded(_ at: Span) {
        guard timerAt == at else { return }
        timerAt = nil
        wakeSoon()
    }
}
