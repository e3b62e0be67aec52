import CronModel
import CronSchedule
import PostgresClient

/// What people do to single runs, and their accounts.
extension Session {
    func cancelRun(_ id: RunID, owner: UserID) throws -> Run {
        let (run, job) = try lockRun(id, owner)
        guard run.status.isLive else { throw StoreError.conflict("the run has ended as \(run.status.name)") }
        var after = run
        try PersonRule.cancel(&after, now: now)
        _ = try send(writes([RunChange(before: run, after: after)]))
        if !after.status.isLive, job.nextSlot == nil { _ = try query(Self.finishJobs([job.id])) }
        return after
    }

    func redriveRun(_ id: RunID, owner: UserID, payload: JSONValue?) throws -> Run {
        let (run, job) = try lockRun(id, owner)
        try refuseUnlessDead(run)
        guard job.deletedAt == nil else { throw StoreError.conflict("the run's job is deleted") }
        let taken: [Instant] = try query(
            """
            SELECT scheduled_for FROM live_runs WHERE job_id = \(job.id.uuid) AND scheduled_for >= \(now.microseconds)
            UNION ALL SELECT scheduled_for FROM run_history
            WHERE job_id = \(job.id.uuid) AND scheduled_for >= \(now.microseconds)
            """
        ).all { try $0.instant(0) }
        var after = run
        let fresh = try PersonRule.redrive(
            &after, job: job, payload: payload, taken: Set(taken), now: now, random: &random)
        if let fresh {
            _ = try send([RunWrites.settle(RunChange(before: run, after: after)), RunWrites.insert([fresh])])
        } else {
            _ = try send([RunWrites.removeEnded(run), RunWrites.insert([after])])
        }
        if job.state == .finished { _ = try query("UPDATE jobs SET state = 'active' WHERE id = \(job.id.uuid)") }
        return fresh ?? after
    }

    func discardRun(_ id: RunID, owner: UserID) throws -> Run {
        let (run, _) = try lockRun(id, owner)
        try refuseUnlessDead(run)
        var after = run
        try PersonRule.discard(&after, now: now)
        _ = try query(RunWrites.settle(RunChange(before: run, after: after)))
        return after
    }

    private func refuseUnlessDead(_ run: Run) throws(StoreError) {
        guard run.status == .dead else { throw .conflict("the run is \(run.status.name), not DEAD") }
    }

    /// The run, wherever it is, locked after its job.
    private func lockRun(_ id: RunID, _ owner: UserID) throws -> (Run, Job) {
        guard let seen = try query(Self.anyRuns([id])).first(RunRow.read), seen.userID == owner else {
            throw StoreError.notFound
        }
        let results = try send([
            Self.lockStrict([seen.jobID]), Self.lockRuns([id]),
            """
            SELECT \(unescaped: RunRow.columns) FROM run_history WHERE id = \(id.uuid) FOR UPDATE
            """,
            clock(), Self.moving([seen.jobID]),
        ])
        let found = try results[1].first(RunRow.read) ?? results[2].first(RunRow.read)
        try readClock(results[3])
        guard let run = found, let job = try jobs(results[4], among: [seen.jobID])[run.jobID] else {
            throw StoreError.notFound
        }
        return (run, job)
    }
}

// MARK: - Accounts

extension Session {
    func createUser(_ user: User, onlyFirst: Bool) throws {
        if onlyFirst {
            // Two first accounts at once: the second waits here and finds the first.
            _ = try query("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
            if try query("SELECT 1 FROM users LIMIT 1").rowCount > 0 {
                throw StoreError.conflict("an account exists already")
            }
        }
        let inserted = try query(
            """
            INSERT INTO users (id, email, name, password_hash, created_at)
            VALUES (\(user.id.uuid), \(user.email), \(user.name), \(user.passwordHash), \(user.createdAt.microseconds))
            ON CONFLICT DO NOTHING RETURNING 1
            """)
        if inserted.rowCount == 0 { throw StoreError.conflict("an account with this email exists") }
    }

    func addRefreshToken(_ token: RefreshToken) throws {
        _ = try query(
            """
            INSERT INTO refresh_tokens (hash, family, user_id, expires_at)
            VALUES (\(token.hash), \(token.family.uuid), \(token.userID.uuid), \(token.expiresAt.microseconds))
            """)
    }

    func rotateRefreshToken(hash: [UInt8], next: RefreshToken) throws -> RefreshRotation {
        let results = try send([
            "SELECT family, user_id, expires_at, used FROM refresh_tokens WHERE hash = \(hash) FOR UPDATE", clock(),
        ])
        try readClock(results[1])
        let known = try results[0].first {
            (
                family: try $0.id(0, of: RefreshToken.self), user: try $0.id(1, of: UserKind.self),
                expiresAt: try $0.instant(2), used: try $0.bool(3)
            )
        }
        guard let known, known.expiresAt > now else { return .unknown }
        if known.used {
            _ = try query("DELETE FROM refresh_tokens WHERE family = \(known.family.uuid)")
            return .reused
        }
        _ = try query("UPDATE refresh_tokens SET used = true WHERE hash = \(hash)")
        try addRefreshToken(
            RefreshToken(hash: next.hash, family: known.family, userID: known.user, expiresAt: next.expiresAt))
        return .rotated(known.user)
    }

    func revokeRefreshFamily(hash: [UInt8]) throws {
        _ = try query(
            """
            DELETE FROM refresh_tokens WHERE family IN (SELECT family FROM refresh_tokens WHERE hash = \(hash))
            """)
    }
}
