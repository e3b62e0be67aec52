import CronModel
import HTTPTypes

extension OutputRoutes {
    var routes: [Route] {
        [
            Route(
                .get, "/api/v1/runs/{id}/output", .jobs(.read),
                Operation(
                    "streamRunOutput", .runs, "Follow a run's output",
                    about:
                        "Server-sent events, until the run has ended: `attempt` when one begins, `output` with its `text` and "
                        + "the `offset` in bytes at which it was written, `gap` where so many `bytes` are left out, "
                        + "`outcome` at the attempt's end, then the next attempt, and at last `end` with the run's `status`. "
                        + "Begins with the newest attempt's output as far as it is kept. Commands are shown while they "
                        + "run; of other actions, and of what ended before, the output that is kept (`kept`: in place of "
                        + "what was shown). Reader and run may be at different nodes.",
                    parameters: [.runID, .lastOutputID],
                    answers: [
                        AnswerDescription(
                            status: .ok, about: "The stream.", schema: .init(type: "string"), type: "text/event-stream",
                            headers: [.noStore]),
                        AnswerDescription(
                            status: .noContent, about: "The run has ended, and `Last-Event-ID` is that of its `end`.",
                            schema: nil
                        ),
                    ], problems: [.tooManyStreams]),
                stream)
        ]
    }
}
