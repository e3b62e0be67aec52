import CronEngine
import CronModel
import HTTPTypes

extension JobTypeRoutes {
    private static let path = "/api/v1/job-types"
    private static let typeID = Parameter.id("The type's id.")

    var routes: [Route] {
        let type = AnswerDescription.json(schema.type, headers: [.eTag])
        return [
            Route(
                .get, Self.path, .settings(.read),
                Operation(
                    "listJobTypes", .jobTypes, "List job types", about: "The space's own and those for everybody.",
                    parameters: [.query("q", .word, "Part of the name, in any case.")] + Parameter.page,
                    answers: [.page(of: schema.type)]),
                list),
            Route(
                .post, Self.path, .settings(.write),
                Operation(
                    "createJobType", .jobTypes, "Create a job type",
                    about: "A job that names it as its `type` takes what it does not say itself from the type.",
                    body: .json(schema.typeDraft, example: Self.example(named: true)),
                    answers: [
                        .json(
                            schema.type, status: .created, "The type.", headers: [.eTag, .location(Self.path)])
                    ], problems: [.forbidden, .conflict, .limitReached]),
                create),
            Route(
                .get, "\(Self.path)/{id}", .settings(.read),
                Operation("readJobType", .jobTypes, "Read a job type", parameters: [Self.typeID], answers: [type]),
                read),
            Route(
                .put, "\(Self.path)/{id}", .settings(.write),
                Operation(
                    "replaceJobType", .jobTypes, "Change a job type and the jobs that follow it",
                    about: """
                        Jobs of the space in which a field is as the type gave it follow the change; where it differs it is \
                        the job's own. Of a type for everybody, jobs of other spaces take what is new at their next edit.
                        """,
                    parameters: [
                        Self.typeID, .ifMatch,
                        .query("dry_run", .bool, "Only tells which jobs would change."),
                    ],
                    body: .json(schema.typeBody, example: Self.example(named: false)),
                    answers: [
                        .json(
                            schema.type.extended(
                                as: "ChangedJobType",
                                by: [
                                    .required("dry_run", .bool), .required("affected", Self.affected),
                                ]), headers: [.eTag])
                    ], problems: [.forbidden, .conflict]),
                replace),
            Route(
                .delete, "\(Self.path)/{id}", .settings(.write),
                Operation(
                    "deleteJobType", .jobTypes, "Delete a job type",
                    about: "Refused while jobs of the space are of it.",
                    parameters: [Self.typeID, .ifMatch], answers: [.noContent], problems: [.forbidden, .conflict]),
                delete),
        ]
    }

    private static let affected = Schema.object([
        .required("count", .count()),
        .required(
            "jobs",
            .list(of: .object([.required("id", .id), .required("name", .string())]), 0...JobTypeRoutes.namedLimit),
            "The first of them."),
    ])

    private static func example(named: Bool) -> JSONValue {
        var members: [String: JSONValue] = [
            "about": "Reports for customers".json,
            "defaults": .object(["max_retries": .integer(5), "timeout": "1m".json, "priority": .integer(10)]),
        ]
        if named { members["name"] = "report".json }
        return .object(members)
    }
}
