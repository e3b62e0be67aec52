import CronEngine
import CronModel
import CronSchedule

/// A job in requests and answers. Defaults are those of a definition that says nothing; limits are the readers'.
struct JobSchema: Sendable {
    /// What can be done and taken back.
    let dryRunAction: Schema
    /// As a new job has it; of a job that there is, marks may stand for its secrets.
    let testedAction: Schema
    /// What a new job needs.
    let draft: Schema
    /// The same where the name stands in the path.
    let upsert: Schema
    /// What takes the place of all that a job's owner wrote.
    let replacement: Schema
    /// What changes some of it.
    let patch: Schema
    /// A job as it is shown.
    let job: Schema
    /// A job type as it is shown, in a request that makes one, and in one that replaces it.
    let type: Schema
    let typeDraft: Schema
    let typeBody: Schema

    /// A field of a definition.
    private struct Field {
        var name: String
        var schema: Schema
        var about: String
        var isRequired = false

        init(_ name: String, _ schema: Schema, _ about: String, isRequired: Bool = false) {
            self.name = name
            self.schema = schema
            self.about = about
            self.isRequired = isRequired
        }
    }

    init(_ actions: ActionRegistry) {
        let action = ActionSchema(actions)
        dryRunAction = action.dryRun
        testedAction = action.replacement
        draft = .object(
            Self.fields(action.draft).map(Self.written) + [Self.clientID, Self.rearm]
        ).named("JobDraft")
        upsert = .object(
            Self.fields(action.replacement).map(Self.written).map(Self.nameless) + [Self.clientID, Self.rearm]
        ).named("JobUpsert")
        replacement = .object(
            Self.fields(action.replacement).map(Self.written) + [Self.rearm] + Self.sentBack
        ).named("JobReplacement")
        let patched =
            Self.fields(action.patch).filter { !["retry", "alerts"].contains($0.name) } + [
                Field("retry", Self.retry(isPatch: true), "Members that are left out stay."),
                Field("alerts", Self.partOfAlerts, "Members that are left out stay."),
            ]
        patch = .object(patched.map(Self.patched) + [Self.rearm] + Self.sentBack).named("JobPatch")
        job = .object(Self.known + Self.fields(action.shown).map(Self.shown)).named("Job")
        (type, typeDraft, typeBody) = Self.types(given: action.given)
    }
}

// MARK: - The owner's fields

extension JobSchema {
    private static func fields(_ action: Schema) -> [Field] {
        identity + [
            Field("action", action, "What the job does when it fires.", isRequired: true)
        ] + slots + policies
    }

    private static let identity = [
        Field("name", .line(1...JobLimit.nameBytes), "Unique among your live jobs.", isRequired: true),
        Field("type", .string(0...JobLimit.nameBytes), "A job type's name."),
        Field(
            "tags", .list(of: .string(1...JobLimit.tagBytes), 0...JobLimit.tags), "For finding it; each counts once."),
        Field("payload", .json, "What the action sends, or takes its values from."),
    ]

    private static let slots = [
        Field(
            "schedule",
            .schedule,
            "A cron expression of 5 to 7 fields, a macro, `@every 90s`, a timestamp or a delay such as `in 30m`.",
            isRequired: true),
        Field(
            "timezone", .timezone,
            "The IANA zone in which the schedule is read."),
        Field(
            "timezones", .timezones,
            "In place of `timezone`: a slot, and a run of its own, in each of these zones."),
        Field("dialect", .choice(Schedule.Dialect.self), "Whose reading of cron fields applies."),
        Field("dst_gap", .choice(Schedule.DSTGap.self), "What becomes of a time that the clock jumps over."),
        Field("dst_fold", .choice(Schedule.DSTFold.self), "Which pass of a repeated hour a time takes."),
        Field("run_if_past", .bool, "Runs a single time that has passed at once instead of refusing it."),
        Field("start_at", .instantText, "Slots before it do not belong to the job."),
        Field("end_at", .instantText, "Slots at or after it do not belong to the job; later than `start_at`."),
        Field(
            "jitter", .span(JobLimit.jitter), "Moves each due time later by a share of it that is fixed for the slot."),
        Field("max_runs", .integer(JobLimit.maxRuns), "The job is finished after so many planned runs."),
        Field(
            "expires_after", .span(JobLimit.expiresAfter),
            "A run that has not started so long after its slot is skipped."),
        Field("expires_at", .instantText, "From then on no run starts."),
    ]

    private static let policies = [
        Field("delivery", .choice(Delivery.self), "Whether a run whose request may have left is tried again."),
        Field("timeout", .span(JobLimit.timeout), "How long one attempt may take."),
        Field(
            "max_retries", .integer(JobLimit.maxRetries), "Tries after the first one, counted again after a redrive."),
        Field("base_delay", .span(JobLimit.baseDelay), "The wait before the first retry."),
        Field("retry", retry(isPatch: false), "How later waits follow from it."),
        Field("misfire", .choice(MisfirePolicy.Mode.self), "What becomes of slots that could not fire in time."),
        Field("misfire_after", .span(JobLimit.misfireAfter), "Later than this is not in time."),
        Field(
            "catchup_limit", .integer(JobLimit.catchup),
            "How many late slots `fire_all` runs, of each zone; of all zones together "
                + "\(MisfirePolicy.catchupLimitCeiling)."),
        Field("catchup_window", .span(JobLimit.catchupWindow), "How late a slot may be for `fire_all` to run it."),
        Field("resume", .choice(ResumePolicy.self), "Which of the slots inside a pause run at its end."),
        Field("overlap", overlap, "What happens while another run of the job is under way."),
        Field("max_concurrent", .integer(JobLimit.maxConcurrent), "How many runs of the job may be under way."),
        Field(
            "concurrency_key", .line(1...JobLimit.concurrencyKeyBytes),
            "Your jobs that name the same key are counted together by `overlap`, `max_concurrent` and `rate_limit`."),
        Field(
            "rate_limit", rateLimit,
            "How many attempts may start in a time, such as `100/1m`. What is beyond waits for its turn."),
        Field("priority", .integer(JobLimit.priority), "Among runs that are due, a higher one starts first."),
        Field("alerts", alerts, "What is told of the job without asking, once while it lasts, and by which channels."),
    ]

    private static let partOfAlerts = alerts.mapMembers { member in
        .init(name: member.name, schema: member.schema, isRequired: false, about: member.about)
    }

    private static let alerts = Schema.object([
        .required(
            "channels", .list(of: .string(AlertPolicy.channelBytes), AlertPolicy.channelCounts, isSet: true),
            "Names of channels of the space."),
        .field(
            "on", .list(of: .choice(AlertRule.events.map(\.rawValue)), 0...AlertRule.events.count, isSet: true),
            "What is told as soon as it happens."),
        .field("start_within", .span(AlertPolicy.spans), "A run is to start within so long after its time."),
        .field("finish_by", .span(AlertPolicy.spans), "A run is to end within so long after its slot."),
        .field("max_silence", .span(AlertPolicy.spans), "The longest without a success while the job is active."),
        .field("recovery", .bool, default: .bool(true), "Whether the end of what was told is told too."),
    ])

    /// Its numbers reach as far as `OverlapPolicy.queueLimit`, a power of ten.
    private static let overlap = Schema.string(
        pattern:
            "^(allow|skip|cancel_other|queue\\(([1-9][0-9]{0,\("\(OverlapPolicy.queueLimit)".count - 2)}|\(OverlapPolicy.queueLimit))\\))$"
    )

    private static let rateLimit: Schema = {
        let (counts, periods) = (StartRate.counts, StartRate.periods)
        return Schema.string(
            pattern: "^[1-9][0-9]{0,\("\(counts.upperBound)".count - 1)}/[0-9A-Za-z.]+$", format: "cronpp-rate"
        ).with("x-minimum", .string("\(counts.lowerBound)/\(periods.upperBound)"))
            .with("x-maximum", .string("\(counts.upperBound)/\(periods.lowerBound)"))
    }()

    private static func retry(isPatch: Bool) -> Schema {
        var initial = JSONValue.null
        if !isPatch { initial = defaults["retry"] ?? .null }
        func field(_ name: String, _ schema: Schema, _ about: String) -> Schema.Member {
            .field(name, schema, default: initial[name], about)
        }
        let schema = Schema.object([
            field("strategy", .choice(RetryPolicy.Strategy.self), "`list` takes its waits from `delays`."),
            field("factor", .number(JobLimit.factor), "By which exponential waits grow."),
            field("max_delay", .span(JobLimit.maxDelay), "The longest wait."),
            field(
                "jitter", .choice(RetryPolicy.Jitter.self),
                "`equal` takes half of the wait at random, `full` all of it. Absent: `equal` for exponential, else `none`."
            ),
            field(
                "max_elapsed", .span(JobLimit.maxElapsed), "No retry starts later than this after the first attempt."),
            field(
                "delays", .list(of: .span(JobLimit.listedDelay), 0...RetryPolicy.delayListLimit),
                "The waits of `list`, in order; the last one repeats."),
        ])
        // A patch may change the strategy of a job that has delays.
        return isPatch ? schema : schema.with("if", isList).with("then", hasDelays)
    }

    private static let isList = JSONValue.object([
        "properties": .object(["strategy": .object(["const": .string(RetryPolicy.Strategy.list.rawValue)])]),
        "required": .array([.string("strategy")]),
    ])
    private static let hasDelays = JSONValue.object([
        "properties": .object([
            "delays": .object(["type": .string("array"), "minItems": .integer(1)])
        ]),
        "required": .array([.string("delays")]),
    ])

    private static let defaults = JobDefinition(
        name: "", schedule: "", action: ActionDefinition(type: "", fields: [:])
    ).json
}

// MARK: - Job types

extension JobSchema {
    private static func types(given action: Schema) -> (shown: Schema, draft: Schema, body: Schema) {
        let given = fields(action).filter { JobType.fields.contains($0.name) && $0.name != "retry" }
        let retry = Field("retry", retry(isPatch: true), "Members that are left out are as without a type.")
        let defaults = Schema.object((given + [retry]).map { .field($0.name, $0.schema, $0.about) })
        let about = Schema.Member.field("about", .string(0...JobType.aboutLimitBytes), "For people.")
        let own: [Schema.Member] = [
            about, .required("defaults", defaults, "What jobs of the type have unless they say otherwise."),
        ]
        let naming: [Schema.Member] = [
            .required("name", .string(1...JobTypeControl.nameLimitBytes), "What a job's `type` names."),
            .field("global", .bool, default: .bool(false), "For everybody; only in the installation's first space."),
        ]
        let shown: [Schema.Member] = [
            .required("id", .id), .required("name", .string()), .required("global", .bool, "For everybody."),
            .required("about", .string().orNull), .required("defaults", .map(of: .anything)),
            .required("version", .count(from: 1)), .required("created_at", .instant),
            .required("updated_at", .instant),
        ]
        return (
            .object(shown).named("JobType"), .object(naming + own).named("JobTypeDraft"),
            .object(own).named("JobTypeBody")
        )
    }
}

// MARK: - Forms of a field

extension JobSchema {
    private static func written(_ field: Field) -> Schema.Member {
        if field.isRequired { return .required(field.name, field.schema, field.about) }
        let initial = field.name == "retry" ? nil : defaults[field.name]
        return .field(field.name, field.schema, default: initial == .null ? nil : initial, field.about)
    }

    /// The name of an upsert may only repeat the path's.
    private static func nameless(_ member: Schema.Member) -> Schema.Member {
        member.name == "name" ? .field(member.name, member.schema, "If there, that in the path.") : member
    }

    /// Null takes the default.
    private static func patched(_ field: Field) -> Schema.Member {
        field.isRequired
            ? .optional(field.name, field.schema, field.about) : .field(field.name, field.schema, field.about)
    }

    private static func shown(_ field: Field) -> Schema.Member {
        var schema = field.schema
        if field.name == "payload" { schema = .anything }
        if field.schema == .instantText { schema = .instant }
        if field.name == "retry" {
            schema = retry(isPatch: true).mapMembers { member in
                .init(
                    name: member.name, schema: member.schema,
                    isRequired: ["strategy", "factor", "max_delay"].contains(member.name), about: member.about)
            }
        }
        let isNullable = !field.isRequired && defaults[field.name].map { $0 == .null } ?? true
        return .required(field.name, isNullable ? schema.orNull : schema, field.about)
    }
}

// MARK: - What is not the owner's

extension JobSchema {
    private static let clientID = Schema.Member.field(
        "id", .id, "Your own id for the job, so that `H` in its schedule runs as it was previewed.")

    private static let rearm = Schema.Member.field(
        "rearm", .bool, default: .bool(false), "Starts a delay or `@every` anew although its text is the same.")

    private static let fixed: [Schema.Member] = [
        .required("id", .id),
        .required("user_id", .id, "Its owner."),
        .required("state", .choice(JobState.self)),
        .required("state_reason", .string().orNull, "Why it is disabled."),
        .required("created_at", .instant),
    ]

    private static let volatile: [Schema.Member] = [
        .required("version", .count(from: 1), "Goes up at each change; `If-Match` names it."),
        .required("updated_at", .instant),
        .required("anchor", .instant, "Where `@every` and delays count from."),
        .required("next_run_time", .instant.orNull, "The earliest slot that has not started; null unless active."),
        .required("status", .choice(RunStatus.allCases.map(\.name)), "Of its newest run that has started."),
        .required("retry_count", .count(), "Of that run."),
        .required("last_error", .string().orNull, "Of that run."),
        .required("notices", .list(of: .string()), "What a person should hear about a valid schedule."),
    ]

    private static let known = fixed + volatile

    /// An answer may be sent back as it is: what changes by itself is ignored, the rest must be what it was.
    private static let sentBack =
        fixed.map { Schema.Member.optional($0.name, $0.schema.with("readOnly", .bool(true)), $0.about) }
        + volatile.map { Schema.Member.optional($0.name, .json, "Ignored.") }
}

/// The actions that there are, by their `type`.
private struct ActionSchema {
    let draft: Schema
    let replacement: Schema
    let patch: Schema
    let shown: Schema
    /// What a job type may give: any of the fields that are no secrets.
    let given: Schema
    /// What can be done and taken back.
    let dryRun: Schema

    init(_ actions: ActionRegistry) {
        let mark = Schema.constant(.string(ActionSecrets.mark))
        func schema(
            of types: [String], _ change: (Schema.Member, _ isSecret: Bool) -> Schema.Member
        ) -> Schema {
            let choices = types.compactMap { actions[$0] }.map { action in
                var fields = action.schema.mapMembers { change($0, action.secretFields.contains($0.name)) }
                let type = Schema.Member(
                    name: "type", schema: .constant(.string(action.type)), isRequired: true,
                    about: "Which action.")
                fields.prepend(change(type, false))
                return fields
            }
            if let only = choices.first, choices.count == 1 { return only }
            return .anyOf(choices)
        }
        func marked(_ member: Schema.Member) -> Schema.Member {
            var member = member
            member.schema = .anyOf([member.schema, mark])
            member.about += " The mark stands for the one that is stored."
            return member
        }
        given = Schema.anyOf(
            actions.types.compactMap { actions[$0] }.map { action in
                var fields = action.schema.mapMembers { member in
                    guard !action.secretFields.contains(member.name) else { return nil }
                    var member = member
                    member.isRequired = false
                    member.schema = member.schema.without("default")
                    return member
                }
                fields.prepend(.required("type", .constant(.string(action.type)), "Which action."))
                return fields
            })
        draft = schema(of: actions.types) { member, _ in member }.named("Action")
        dryRun = schema(of: DryRunControl.types(actions)) { member, _ in member }
        replacement = schema(of: actions.types) { $1 ? marked($0) : $0 }
        patch = schema(of: actions.types) { member, isSecret in
            var member = isSecret ? marked(member) : member
            member.isRequired = false
            member.schema = member.schema.without("default")
            return member
        }
        shown = schema(of: actions.types) { member, isSecret in
            var member = member
            member.schema = (isSecret ? mark.orNull : member.schema).without("default")
            return member
        }.named("ShownAction")
    }
}
