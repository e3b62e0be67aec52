import CronModel
import CronSchedule
import PostgresClient

/// Idempotency keys. Of two requests at once with the same one, the second waits in its INSERT for the first.
extension Session {
    /// Takes the drafts' keys, all in one statement; answers what becomes of the drafts whose key is known.
    func replays(_ drafts: [JobDraft]) throws -> [Result<CreatedJob, StoreError>?] {
        var results = [Result<CreatedJob, StoreError>?](repeating: nil, count: drafts.count)
        let keyed = drafts.filter { $0.idempotency != nil }
        guard !keyed.isEmpty else { return results }
        let keys = keyed.compactMap { $0.idempotency }
        let (users, names) = (keyed.map(\.userID).uuids(), PostgresArray(keys.map(\.key)))
        let taken: [Name] = try send([
            """
            DELETE FROM idempotency_keys k USING unnest(\(users), \(names)) AS u (user_id, key)
            WHERE k.user_id = u.user_id AND k.key = u.key AND k.at <= \((now - IdempotencyKey.kept).microseconds)
            """,
            """
            INSERT INTO idempotency_keys (user_id, key, digest, job_id, at)
            SELECT u.*, \(now.microseconds) FROM unnest(\(users), \(names), \(PostgresArray(keys.map(\.bodyDigest))),
                \(keyed.map(\.id).uuids())) AS u
            ON CONFLICT (user_id, key) DO NOTHING RETURNING user_id, key
            """,
        ])[1].all { Name(user: try $0.id(0), key: try $0.text(1)) }
        let mine = Set(taken)
        guard mine.count < keyed.count else { return results }
        let known = try query(
            """
            SELECT k.user_id, k.key, k.digest, k.job_id FROM idempotency_keys k
            JOIN unnest(\(users), \(names)) AS u (user_id, key) ON k.user_id = u.user_id AND k.key = u.key
            """
        ).all { row in
            (
                Name(user: try row.id(0), key: try row.text(1)),
                (digest: try row.bytes(2), job: try row.id(3, of: JobKind.self))
            )
        }
        let uses = Dictionary(known, uniquingKeysWith: { first, _ in first })
        let live = try jobs(Array(Set(uses.values.map(\.job)))).filter { $0.deletedAt == nil }
        let views = Dictionary(try view(live).map { ($0.job.id, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, draft) in drafts.enumerated() {
            guard let key = draft.idempotency else { continue }
            let name = Name(user: draft.userID, key: key.key)
            guard !mine.contains(name) else { continue }
            if let use = uses[name], use.digest == key.bodyDigest {
                results[index] =
                    views[use.job].map { .success(CreatedJob(job: $0, isReplay: true)) }
                    ?? .failure(IdempotencyKey.jobIsGone)
            } else {
                results[index] = .failure(IdempotencyKey.isOfAnother)
            }
        }
        return results
    }

    /// A refused creation leaves its key free.
    func dropKeys(_ drafts: [JobDraft]) throws {
        let keyed = drafts.filter { $0.idempotency != nil }
        guard !keyed.isEmpty else { return }
        _ = try query(
            """
            DELETE FROM idempotency_keys k
            USING unnest(\(keyed.map(\.userID).uuids()), \(PostgresArray(keyed.compactMap { $0.idempotency?.key })),
                \(keyed.map(\.id).uuids())) AS u (user_id, key, job_id)
            WHERE k.user_id = u.user_id AND k.key = u.key AND k.job_id = u.job_id AND k.run_id IS NULL
                AND k.at = \(now.microseconds)
            """)
    }

    /// Takes the key for a run of this job, or answers the run that it started before.
    func started(by key: IdempotencyKey, of job: JobID, owner: UserID) throws -> Run? {
        let taken = try query(
            """
            INSERT INTO idempotency_keys AS k (user_id, key, digest, job_id, at)
            VALUES (\(owner.uuid), \(key.key), \(key.bodyDigest), \(job.uuid), coalesce(\(moment), cronpp_now()))
            ON CONFLICT (user_id, key) DO UPDATE SET digest = excluded.digest, job_id = excluded.job_id,
                run_id = NULL, at = excluded.at WHERE k.at <= excluded.at - \(IdempotencyKey.kept.microseconds)
            RETURNING 1
            """)
        if taken.rowCount > 0 { return nil }
        let known = try query(
            "SELECT digest, run_id FROM idempotency_keys WHERE user_id = \(owner.uuid) AND key = \(key.key)"
        ).first { (digest: try $0.bytes(0), run: try $0.idOrNil(1) as RunID?) }
        guard let known, known.digest == key.bodyDigest, let id = known.run else { throw IdempotencyKey.isOfAnother }
        guard let run = try query(Self.anyRuns([id])).first(RunRow.read) else { throw IdempotencyKey.runIsGone }
        return run
    }

    func started(by key: IdempotencyKey, redriving id: RunID, owner: UserID) throws -> Run? {
        guard let run = try query(Self.anyRuns([id])).first(RunRow.read), run.userID == owner else {
            throw StoreError.notFound
        }
        return try started(by: key, of: run.jobID, owner: owner)
    }

    func keep(_ key: IdempotencyKey?, for run: Run) throws {
        guard let key else { return }
        _ = try query(
            """
            UPDATE idempotency_keys SET run_id = \(run.id.uuid)
            WHERE user_id = \(run.userID.uuid) AND key = \(key.key)
            """)
    }
}

private struct Name: Hashable {
    var user: UserID
    var key: String
}
