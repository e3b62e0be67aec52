import CronModel
import CronSchedule

/// Idempotency keys: what a request with a known one is answered.
extension WriteSession {
    /// The job that an earlier request with the draft's key created.
    func replay(_ draft: JobDraft) throws -> CreatedJob? {
        guard let key = draft.idempotency, let known = try known(key, of: draft.userID) else { return nil }
        guard let job = try job(known.job), job.deletedAt == nil else { throw IdempotencyKey.jobIsGone }
        return CreatedJob(job: try view(job), isReplay: true)
    }

    /// The run that an earlier request with the key started.
    func started(by key: IdempotencyKey, owner: UserID) throws -> Run? {
        guard let known = try known(key, of: owner) else { return nil }
        guard let id = known.run else { throw IdempotencyKey.isOfAnother }
        guard let run = try run(id) else { throw IdempotencyKey.runIsGone }
        return run
    }

    func keep(_ key: IdempotencyKey?, for run: Run) throws {
        if let key { try keep(key, of: run.userID, job: run.jobID, run: run.id) }
    }

    func keep(_ key: IdempotencyKey, of owner: UserID, job: JobID, run: RunID?) throws {
        try statement(
            "INSERT OR REPLACE INTO idempotency_keys (user_id, key, digest, job_id, run_id, at) VALUES (?,?,?,?,?,?)"
        )
        .bind(owner).bind(key.key).bind(key.bodyDigest).bind(job).bind(run).bind(now).run()
    }

    /// - Throws: the conflict, if it was used for another request.
    private func known(_ key: IdempotencyKey, of owner: UserID) throws -> (job: JobID, run: RunID?)? {
        let known = try statement(
            "SELECT digest, job_id, run_id FROM idempotency_keys WHERE user_id = ? AND key = ? AND at > ?"
        )
        .bind(owner).bind(key.key).bind(now - IdempotencyKey.kept)
        .first { (digest: $0.blob(0), job: $0.id(1, as: JobID.self), run: $0.idOrNil(2, as: RunID.self)) }
        guard let known else { return nil }
        guard known.digest == key.bodyDigest else { throw IdempotencyKey.isOfAnother }
        return (known.job, known.run)
    }
}
