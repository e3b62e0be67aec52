import CronModel
import CronSchedule

/// What happens, as a stream carries it.
struct EventText: StreamSource {
    let watch: EventWatch

    func next() async -> String? { await watch.next().map { $0.map(\.text).joined() } }
    func nudge() { watch.nudge() }
    func end() { watch.end() }
}

extension WatchedEvent {
    fileprivate var text: String {
        let (name, data) = event.map { ($0.runID == nil ? "job" : "run", $0.json) } ?? ("gap", .object([:]))
        return EventStream.text(id: id, event: name, data)
    }
}

extension LiveEvent {
    /// Ids and status only: who wants more reads it, with the rights that he has then.
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [
            "job_id": .string(jobID.description), "status": .string(status), "at": .string(at.description),
        ]
        members["run_id"] = runID.map { .string($0.description) }
        return .object(members)
    }
}
