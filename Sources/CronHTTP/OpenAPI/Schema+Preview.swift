import CronEngine
import CronModel
import CronSchedule

/// What a schedule would do.
extension Schema {
    /// No pattern can say more than its characters; `/schedules/preview` tells whether it is right.
    static let schedule = Schema.string(
        1...Schedule.maxTextBytes, pattern: #"^[\t -~]*[!-~][\t -~]*$"#, format: "cronpp-schedule")

    /// An IANA id.
    static let timezone = Schema.string(pattern: "^[A-Za-z][A-Za-z0-9_+/-]*$", format: "cronpp-timezone")

    static let timezones = Schema.list(of: timezone, JobLimit.timezones)

    static let previewRequest = Schema.object([
        .required(
            "schedule",
            .schedule,
            "As a job's."),
        .field(
            "timezone", .timezone, default: .string("UTC"),
            "As a job's."),
        .field("timezones", .timezones, "As a job's."),
        .field("dialect", .choice(Schedule.Dialect.self), default: .string(Schedule.Dialect.cronpp.rawValue)),
        .field("dst_gap", .choice(Schedule.DSTGap.self), default: .string(Schedule.DSTGap.shift.rawValue)),
        .field("dst_fold", .choice(Schedule.DSTFold.self), default: .string(Schedule.DSTFold.first.rawValue)),
        .field("run_if_past", .bool, default: .bool(false)),
        .field("after", .instantText, "Times after this; absent: from now on."),
        .field(
            "count", .integer(1...SchedulePreview.countLimit), default: .integer(Int64(SchedulePreview.standardCount)),
            "How many times."),
        .field("id", .id, "The job's id, which seeds `H`."),
    ]).named("PreviewRequest")

    static let preview = Schema.object([
        .required("id", .id, "The id that `H` was read with."),
        .required("kind", .choice(["cron", "every", "at", "delay", "reboot"]), "What sort of schedule it is."),
        .required("zone", .string(), "In which it was read."),
        .required("explanation", .string(), "In words."),
        .required(
            "next",
            .list(
                of: .object([
                    .required("instant", .instant),
                    .required("local", Schema.string().orNull, "The same on the zone's clock."),
                    .required("zone", .string()),
                ])), "When it would fire."),
        .required(
            "days",
            .list(
                of: .object([
                    .required("date", .string(), "Of the zone, of several of the first."), .required("from", .instant),
                    .required("to", .instant), .required("count", .count(), "Its slots before `to`."),
                ])), "The week to come by the zone's days; the first and the last may be parts of one."),
        .required("notices", .list(of: .string()), "What a person should hear about it."),
        .required("never_fires", .bool),
    ]).named("Preview")
}
