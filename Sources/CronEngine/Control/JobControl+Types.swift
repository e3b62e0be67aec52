import CronModel
import CronSchedule

/// What jobs take from their types.
extension JobControl {
    /// A request with what its type gives. A name that no type has is a label.
    func typed(_ json: JSONValue, in space: UserID) async throws(ControlError) -> JSONValue {
        guard let name = json["type"]?.stringValue, !name.isEmpty, let type = try await type(named: name, in: space)
        else {
            return json
        }
        return type.applied(to: json)
    }

    private func type(named name: String, in space: UserID) async throws(ControlError) -> JobType? {
        for space in JobTypeControl.spaces(space) {
            let found = try await ControlError.storing { () async throws(StoreError) in
                try await store.resource(named: name, .jobType, space: space)
            }
            if let found { return JobType(found) }
        }
        return nil
    }

    /// Makes a job follow a change of its type.
    /// - Returns: the job as it is then, or would be; nil when nothing of it changes.
    func follow(
        _ view: JobView, from old: JobType, to new: JobType, dryRun: Bool, by actor: Actor
    ) async throws(ControlError) -> JobAnswer? {
        var current = view
        for _ in 0..<Self.editTries {
            let job = current.job
            let opened = try await secrets.opened(job)
            var base = job.definition
            base.action = opened
            let followed = JobType.followed(base.json, from: old, to: new, standard: Self.standard)
            guard followed != base.json else { return nil }
            var definition = try await request.definition(
                .object(followed), id: job.id, by: actor, now: store.clock.now, changes: job)
            definition.action = try await secrets.sealed(
                definition.action, of: job.id, in: job.userID, before: (job.definition.action, opened))
            if dryRun { return answer(current) }
            if let changed = try await store(
                definition, rearm: false, over: current, audit: nil)
            {
                return changed
            }
            current = try await self.view(job.id, owner: job.userID)
        }
        throw .store(.conflict("the job \(view.job.id) is being changed by others; try again"))
    }

    /// The fields of a job that says nothing.
    private static let standard = JobDefinition(
        name: "", schedule: "", action: ActionDefinition(type: "", fields: [:])
    ).json
}
