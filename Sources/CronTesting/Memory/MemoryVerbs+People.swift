package import CronModel
import CronSchedule
import HashTreeCollections

/// What people do to single runs.
extension MemoryVerb where Answer == Run {
    package static func cancelRun(_ id: RunID, owner: UserID) -> MemoryVerb {
        MemoryVerb("cancel") { transaction in
            var run = try transaction.lockedRun(id, owner)
            guard run.status.isLive else { throw StoreError.conflict("the run has ended as \(run.status.name)") }
            try PersonRule.cancel(&run, now: transaction.now)
            transaction.put(run)
            if !run.status.isLive { try transaction.finishIfDone(run.jobID) }
            return run
        }
    }

    package static func redriveRun(_ id: RunID, owner: UserID, payload: JSONValue?) -> MemoryVerb {
        MemoryVerb("redrive") { transaction in
            var run = try transaction.lockedRun(id, owner, mode: .noKeyUpdate)
            guard run.status == .dead else { throw StoreError.conflict("the run is \(run.status.name), not DEAD") }
            var job = try transaction.job(run.jobID)
            guard job.deletedAt == nil else { throw StoreError.conflict("the run's job is deleted") }
            let now = transaction.now
            let taken = Set(transaction.tables.runs(of: job.id, from: now).map(\.scheduledFor))
            let fresh = try transaction.withRandom { random in
                try PersonRule.redrive(&run, job: job, payload: payload, taken: taken, now: now, random: &random)
            }
            transaction.put(run)
            if let fresh { transaction.put(fresh) }
            if job.state == .finished {
                job.state = .active
                transaction.put(job)
            }
            return fresh ?? run
        }
    }

    package static func discardRun(_ id: RunID, owner: UserID) -> MemoryVerb {
        MemoryVerb("discard") { transaction in
            var run = try transaction.lockedRun(id, owner)
            guard run.status == .dead else { throw StoreError.conflict("the run is \(run.status.name), not DEAD") }
            try PersonRule.discard(&run, now: transaction.now)
            transaction.put(run)
            return run
        }
    }
}

extension MemoryTransaction {
    /// The run, locked after its job.
    fileprivate func lockedRun(_ id: RunID, _ owner: UserID, mode: LockMode? = nil) throws -> Run {
        guard let run = tables.runs[id], run.userID == owner else { throw StoreError.notFound }
        let job = try job(run.jobID)
        try lock([(.job(job.id), mode ?? job.runLockMode), (.run(id), .update)])
        return run
    }
}

/// Users and their sessions. They meet nothing of the pipeline, so the name of each is lock enough.
extension MemoryVerb {
    package static func createUser(_ user: User, onlyFirst: Bool) -> MemoryVerb where Answer == Void {
        MemoryVerb("create user") { transaction in
            try transaction.lockPeople()
            let users = transaction.tables.people.users
            if onlyFirst, !users.isEmpty { throw StoreError.conflict("an account exists already") }
            if users.values.contains(where: { $0.email == user.email || $0.id == user.id }) {
                throw StoreError.conflict("an account with this email exists")
            }
            transaction.changePeople { $0.users[user.id] = user }
        }
    }

    package static func setPasswordHash(_ hash: String, of id: UserID) -> MemoryVerb where Answer == Void {
        MemoryVerb("set password") { transaction in
            try transaction.lockPeople()
            transaction.changePeople { $0.users[id]?.passwordHash = hash }
        }
    }

    package static func addRefreshToken(_ token: RefreshToken) -> MemoryVerb where Answer == Void {
        MemoryVerb("add token") { transaction in
            try transaction.lockPeople()
            transaction.changePeople { $0.tokens[token.hash] = PeopleTables.StoredToken(token: token) }
        }
    }

    package static func rotateRefreshToken(
        hash: [UInt8], next: RefreshToken
    ) -> MemoryVerb where Answer == RefreshRotation {
        MemoryVerb("rotate token") { transaction in
            try transaction.lockPeople()
            guard let known = transaction.tables.people.tokens[hash], known.token.expiresAt > transaction.now else {
                return .unknown
            }
            guard !known.isUsed else {
                transaction.changePeople { $0.revoke(known.token.family) }
                return .reused
            }
            let token = RefreshToken(
                hash: next.hash, family: known.token.family, userID: known.token.userID, expiresAt: next.expiresAt)
            transaction.changePeople { people in
                people.tokens[hash]?.isUsed = true
                people.tokens[token.hash] = PeopleTables.StoredToken(token: token)
            }
            return .rotated(token.userID)
        }
    }

    package static func revokeRefreshFamily(hash: [UInt8]) -> MemoryVerb where Answer == Void {
        MemoryVerb("revoke tokens") { transaction in
            try transaction.lockPeople()
            guard let known = transaction.tables.people.tokens[hash] else { return }
            transaction.changePeople { $0.revoke(known.token.family) }
        }
    }
}

extension MemoryTransaction {
    fileprivate func lockPeople() throws { try lock([.name(UserID(high: 0, low: 0), "people")]) }
}

extension PeopleTables {
    fileprivate mutating func revoke(_ family: RefreshToken.UserFamily) {
        tokens = tokens.filter { $0.value.token.family != family }
    }
}
