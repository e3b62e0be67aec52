import CronModel
import CronSchedule

/// What people do to single runs, and accounts.
extension WriteSession {
    func cancelRun(_ id: RunID, owner: UserID) throws -> Run {
        var run = try owned(id, owner)
        guard run.status.isLive else { throw StoreError.conflict("the run has ended as \(run.status.name)") }
        try PersonRule.cancel(&run, now: now)
        try save(run)
        if !run.status.isLive { try finishIfDone(try job(of: run)) }
        return run
    }

    func redriveRun(_ id: RunID, owner: UserID, payload: JSONValue?) throws -> Run {
        var run = try dead(id, owner)
        var job = try job(of: run)
        guard job.deletedAt == nil else { throw StoreError.conflict("the run's job is deleted") }
        let fresh = try PersonRule.redrive(
            &run, job: job, payload: payload, taken: try takenSlots(of: job.id), now: now, random: &random)
        try save(run)
        if let fresh { try insert(fresh) }
        if job.state == .finished {
            job.state = .active
            try save(job)
        }
        return fresh ?? run
    }

    private func takenSlots(of id: JobID) throws -> Set<Instant> {
        Set(
            try statement("SELECT scheduled_for FROM runs WHERE job_id = ? AND scheduled_for >= ?").bind(id).bind(now)
                .all { $0.instant(0) })
    }

    func discardRun(_ id: RunID, owner: UserID) throws -> Run {
        var run = try dead(id, owner)
        try PersonRule.discard(&run, now: now)
        try save(run)
        return run
    }

    private func owned(_ id: RunID, _ owner: UserID) throws -> Run {
        guard let run = try run(id), run.userID == owner else { throw StoreError.notFound }
        return run
    }

    private func dead(_ id: RunID, _ owner: UserID) throws -> Run {
        let run = try owned(id, owner)
        guard run.status == .dead else { throw StoreError.conflict("the run is \(run.status.name), not DEAD") }
        return run
    }

    func createUser(_ user: User, onlyFirst: Bool) throws {
        if onlyFirst, try statement("SELECT 1 FROM users LIMIT 1").first({ _ in true }) == true {
            throw StoreError.conflict("an account exists already")
        }
        do {
            try statement("INSERT INTO users (id, email, name, password_hash, created_at) VALUES (?,?,?,?,?)")
                .bind(user.id).bind(user.email).bind(user.name).bind(user.passwordHash).bind(user.createdAt).run()
        } catch let error as SQLError where error.isConstraint {
            throw StoreError.conflict("an account with this email exists")
        }
    }

    func addRefreshToken(_ token: RefreshToken) throws {
        try statement("INSERT INTO refresh_tokens (hash, family, user_id, expires_at) VALUES (?,?,?,?)")
            .bind(token.hash).bind(token.family).bind(token.userID).bind(token.expiresAt).run()
    }

    func rotateRefreshToken(hash: [UInt8], next: RefreshToken) throws -> RefreshRotation {
        let known = try statement("SELECT family, user_id, expires_at, used FROM refresh_tokens WHERE hash = ?").bind(
            hash
        )
        .first { row in
            (
                family: row.id(0, as: RefreshToken.UserFamily.self), user: row.id(1, as: UserID.self),
                expiresAt: row.instant(2), used: row.int(3) != 0
            )
        }
        guard let known, known.expiresAt > now else { return .unknown }
        if known.used {
            try statement("DELETE FROM refresh_tokens WHERE family = ?").bind(known.family).run()
            return .reused
        }
        try statement("UPDATE refresh_tokens SET used = 1 WHERE hash = ?").bind(hash).run()
        try addRefreshToken(
            RefreshToken(hash: next.hash, family: known.family, userID: known.user, expiresAt: next.expiresAt))
        return .rotated(known.user)
    }

    func revokeRefreshFamily(hash: [UInt8]) throws {
        try statement(
            "DELETE FROM refresh_tokens WHERE family IN (SELECT family FROM refresh_tokens WHERE hash = ?)"
        ).bind(hash).run()
    }
}

extension SQLError {
    var isConstraint: Bool { code & 0xFF == 19 }
}
