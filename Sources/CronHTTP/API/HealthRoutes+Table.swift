import CronModel
import HTTPTypes

extension HealthRoutes {
    var routes: [Route] {
        [
            Route(
                .get, "/livez", .open,
                Operation(
                    "readLiveness", .health, "Does the process answer?",
                    answers: [.json(.object([.required("status", .constant("live".json))]))], usesStore: false),
                live),
            Route(
                .get, "/readyz", .open,
                Operation(
                    "readReadiness", .health, "Can this node do its work?",
                    answers: [
                        .json(
                            .object([
                                .required("status", .constant("ready".json)),
                                .required("checks", .map(of: .string()), "What was looked at, and what was found."),
                            ]))
                    ]),
                ready),
            Route(
                .get, "/metrics", .open,
                Operation(
                    "readMetrics", .health, "Metrics", answers: [.text("text/plain", "In Prometheus text form.")],
                    usesStore: false),
                metrics),
            Route(
                .get, "/api/v1/nodes", .jobs(.read),
                Operation("listNodes", .nodes, "List nodes", answers: [.page(of: .node, "All of them.")]), nodes),
        ]
    }
}
