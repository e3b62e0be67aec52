import CronModel
import HTTPTypes

extension EventRoutes {
    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/events", .jobs(.read),
                Operation(
                    "streamEvents", .events, "Watch what happens",
                    about:
                        "Server-sent events of type `run`, `job` and `gap`, until the access token expires. They are "
                        + "hints with ids, status and time; after a `gap` read anew what you show.",
                    parameters: [.query("job_id", .id, "Only this job and its runs."), .lastEventID],
                    answers: [
                        AnswerDescription(
                            status: .ok, about: "The stream.", schema: .init(type: "string"), type: "text/event-stream",
                            headers: [.noStore])
                    ], problems: [.notFound, .tooManyStreams]),
                stream)
        ]
    }
}
