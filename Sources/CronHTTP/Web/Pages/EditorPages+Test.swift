import CronEngine
import CronModel

/// Testing what is in the form, of which nothing is saved.
extension EditorPages {
    func test(
        _ sent: Sent, _ fields: EditorFields, _ request: WebRequest, _ job: JobAnswer?, version: Int64?, id: String
    ) async throws -> WebReply {
        let (definition, problems) = sent.state.definition(fields)
        do {
            guard problems.isEmpty else { throw Problem.invalid(problems) }
            let test = try await tests.perform(Self.asked(definition, of: job), by: request.base.actor)
            return try page(
                sent.state, fields, request, editing: job, version: version, id: id,
                test: TestView(test, kind: sent.state.kind))
        } catch {
            let problem = Problem(error)
            guard problem.isAboutForm, !Self.isLacking(error) else { throw error }
            return try page(
                sent.state, fields, request, editing: job, version: version, id: id, problems: problem.errors,
                refusal: problem)
        }
    }

    /// As the API takes it. Secrets that the form leaves out are the job's.
    private static func asked(_ definition: JSONValue, of job: JobAnswer?) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for name in ["action", "payload", "name"] { members[name] = definition[name] }
        members["job_id"] = job.map { .string($0.id.description) }
        return .object(members)
    }
}
