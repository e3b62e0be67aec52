import CronEngine
import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// What a run's attempts write, while they do.
struct OutputRoutes: Sendable {
    let runs: RunControl
    let outputs: LiveOutputs
    let clock: any EngineClock
    let signIn: SignIn
    let slots = StreamSlots(
        of: "output", mostOfUser: OutputLimit.streamsOfUser, mostOfRun: OutputLimit.streamsOfRun,
        mostOfNode: OutputLimit.streamsOfNode)

    /// Server-sent events, until the run has ended. Whoever has seen all of it is told that nothing follows (204), which
    /// ends a client that comes back by itself.
    @Sendable func stream(_ request: APIRequest) async throws -> Response {
        let headers = request.http.headers
        return try await stream(request) { await signIn.stillAllows(Permission(.jobs, .read), headers) }
    }

    /// - Parameter isAllowed: asked now and then whether whoever watches still may.
    func stream(_ request: APIRequest, isAllowed: @escaping @Sendable () async -> Bool) async throws -> Response {
        let access = try request.access
        var query = request.query
        try query.finish()
        let run = try await runs.read(request.id(), owner: access.user.space)
        let position = OutputPosition(request.http.headers[.lastEventID], in: run)
        if let position, position.end == .ofRun, position.attempt == run.attempt, !run.status.isLive {
            return Response(status: .noContent)
        }
        let slot = try slots.take(for: access.user.id, run: run.id)
        let watch = OutputWatch(run, after: position, runs: runs, outputs: outputs)
        return request.stream(OutputText(watch: watch), slot: slot, access, clock: clock, isAllowed: isAllowed)
    }
}

extension OutputPosition {
    /// Nil for an id that is none of this run's: then a stream begins where any other would.
    fileprivate init?(_ id: String?, in run: Run) {
        guard let id, let position = OutputPosition(id), position.attempt <= run.attempt else { return nil }
        self = position
    }
}

/// A run's output as a stream carries it.
struct OutputText: StreamSource {
    let watch: OutputWatch

    func next() async -> String? {
        await watch.next().map { told in
            told.map { EventStream.text(id: $0.position.description, event: $0.event.name, $0.json) }.joined()
        }
    }

    func nudge() { watch.nudge() }
    func end() { watch.end() }
}

extension OutputEvent {
    fileprivate var name: String {
        switch self {
        case .attempt: "attempt"
        case .output, .kept: "output"
        case .gap: "gap"
        case .outcome: "outcome"
        case .end: "end"
        }
    }
}

extension ToldOutput {
    fileprivate var json: JSONValue {
        let attempt = JSONValue.integer(Int64(position.attempt))
        switch event {
        case .attempt(let attempt):
            return .object([
                "attempt": .integer(Int64(attempt.number)), "node": .string(attempt.node.description),
                "started_at": .string(attempt.startedAt.description),
            ])
        case .output(let offset, let text):
            return .object(["attempt": attempt, "offset": .integer(offset), "text": .string(text)])
        case .kept(let offset, let text):
            return .object([
                "attempt": attempt, "offset": .integer(offset), "text": .string(text), "kept": .bool(true),
            ])
        case .gap(let offset, let bytes):
            return .object(["attempt": attempt, "offset": .integer(offset), "bytes": .integer(bytes)])
        case .outcome(let attempt): return attempt.jsonWithoutOutput
        case .end(let run): return run.end
        }
    }
}

extension Attempt {
    fileprivate var jsonWithoutOutput: JSONValue {
        guard let members = outcome?.json.objectValue else {
            return .object(["attempt": .integer(Int64(number)), "outcome": .null])
        }
        return .object(
            members.filter { $0.key != "output" && $0.key != "output_type" }.merging([
                "attempt": .integer(Int64(number)), "finished_at": .text(finishedAt?.description),
            ]) { $1 })
    }
}

extension Run {
    /// How it ended, and its newest attempt.
    fileprivate var end: JSONValue {
        let outcome = current?.outcome
        var members: [String: JSONValue] = [
            "run_id": .string(id.description), "status": .string(status.name), "reason": .text(reason?.name),
            "attempt": .integer(Int64(attempt)), "outcome": .text(outcome?.kind.rawValue),
            "error": .text(outcome?.error),
        ]
        members["exit_code"] = outcome?.exitCode.map { .integer(Int64($0)) }
        return .object(members)
    }
}
