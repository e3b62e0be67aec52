import CronModel

/// What the audit log keeps of changes of jobs: which fields had which values before and after, secrets redacted.
struct JobAudit: Sendable {
    let secrets: ActionSecrets

    func created(by actor: Actor) -> Auditing<[Result<CreatedJob, StoreError>]> {
        { results in
            guard case .success(let created)? = results.first, !created.isReplay else { return nil }
            let job = created.job.job
            return actor.entry("job.create", target: job.id.description, after: .object(fields(job)))
        }
    }

    /// One line for all: their ids and names.
    func createdMany(by actor: Actor) -> Auditing<[Result<CreatedJob, StoreError>]> {
        { results in
            let jobs = results.compactMap { result -> JSONValue? in
                guard case .success(let created) = result, !created.isReplay else { return nil }
                let job = created.job.job
                return .object(["id": .string(job.id.description), "name": .string(job.definition.name)])
            }
            return jobs.isEmpty
                ? nil : actor.entry("job.create_many", target: nil, after: .object(["jobs": .array(jobs)]))
        }
    }

    func changed(_ act: String, by actor: Actor) -> Auditing<ChangedJob> {
        { changed in
            let job = changed.job.job
            let target = job.id.description
            if job.deletedAt != nil {
                return actor.entry(act, target: target, before: .object(fields(changed.before)))
            }
            let before = fields(changed.before)
            var after = fields(job)
            let same = after.filter { before[$0.key] == $0.value }
            let old = before.filter { same[$0.key] == nil }
            after = after.filter { same[$0.key] == nil }
            after["run_id"] = changed.triggered.map { .string($0.id.description) }
            return actor.entry(act, target: target, before: .object(old), after: .object(after))
        }
    }

    private func fields(_ job: Job) -> [String: JSONValue] {
        var members = secrets.redacted(job.definition)
        members["state"] = .string(job.state.rawValue)
        return members
    }
}
