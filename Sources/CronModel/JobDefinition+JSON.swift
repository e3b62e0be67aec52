import CronSchedule

/// A job definition as JSON: the flat fields of the API, and what the stores keep.
extension JobDefinition {
    /// Reads a definition, or tells everything that is wrong with it.
    /// - Parameters:
    ///   - ignored: members that belong to the request and not to the definition.
    ///   - isStored: it comes from a store, where a newer binary may have put members that this one does not know.
    package static func read(
        _ json: JSONValue, besides ignored: Set<String> = [], isStored: Bool = false
    ) -> Result<JobDefinition, FieldProblems> {
        guard let members = json.objectValue else {
            return .failure(
                FieldProblems([FieldProblem(field: "", message: "must be an object, not \(json.kindName)")]))
        }
        var reader = FieldReader(members)
        reader.passesUnknown = isStored
        var definition = JobDefinition(name: "", schedule: "", action: ActionDefinition(type: "", fields: [:]))
        definition.readIdentity(&reader)
        definition.readSlots(&reader)
        definition.readPolicies(&reader)
        definition.readRetry(&reader)
        reader.refuseUnknown(besides: ignored)
        return reader.problems.isEmpty ? .success(definition) : .failure(FieldProblems(reader.problems))
    }

    private mutating func readIdentity(_ reader: inout FieldReader) {
        if let name = reader.string("name", limit: JobLimit.nameBytes) {
            self.name = name
            if name.isEmpty || name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
                reader.refuse("name", "must be non-empty text without control characters")
            }
        } else if !reader.problems.contains(where: { $0.field == "name" }) {
            reader.refuse("name", "is required")
        }
        type = reader.string("type", limit: JobLimit.nameBytes)
        payload = reader.value("payload") ?? payload
        readTags(&reader)
        guard let action = reader.value("action") else {
            reader.refuse("action", "is required")
            return
        }
        guard var fields = action.objectValue else {
            reader.refuse("action", "must be an object, not \(action.kindName)")
            return
        }
        guard let actionType = fields.removeValue(forKey: "type")?.stringValue else {
            reader.refuse("action.type", "is required, such as \"webhook\"")
            return
        }
        self.action = ActionDefinition(type: actionType, fields: fields)
    }

    private mutating func readTags(_ reader: inout FieldReader) {
        guard let value = reader.value("tags") else { return }
        guard let items = value.arrayValue else {
            reader.refuse("tags", "must be an array of strings, not \(value.kindName)")
            return
        }
        guard items.count <= JobLimit.tags else {
            reader.refuse("tags", "holds \(items.count) tags; the limit is \(JobLimit.tags)")
            return
        }
        for (index, item) in items.enumerated() {
            guard let tag = item.stringValue, !tag.isEmpty, tag.utf8.count <= JobLimit.tagBytes else {
                reader.refuse("tags[\(index)]", "must be a string of 1 to \(JobLimit.tagBytes) bytes")
                continue
            }
            if !tags.contains(tag) { tags.append(tag) }
        }
    }

    private mutating func readSlots(_ reader: inout FieldReader) {
        // The parser limits the text itself, and names the limit.
        if let text = reader.string("schedule", limit: 65_536) {
            schedule = text
        } else if !reader.problems.contains(where: { $0.field == "schedule" }) {
            reader.refuse("schedule", "is required")
        }
        timezone = reader.string("timezone", limit: JobLimit.timezoneBytes) ?? timezone
        timezones = reader.timezones()
        dialect = reader.choice("dialect", Schedule.Dialect.self) ?? dialect
        dstGap = reader.choice("dst_gap", Schedule.DSTGap.self) ?? dstGap
        dstFold = reader.choice("dst_fold", Schedule.DSTFold.self) ?? dstFold
        runIfPast = reader.bool("run_if_past") ?? runIfPast
        startAt = reader.instant("start_at")
        endAt = reader.instant("end_at")
        if let startAt, let endAt, endAt <= startAt { reader.refuse("end_at", "must be later than start_at") }
        jitter = reader.span("jitter", in: JobLimit.jitter) ?? jitter
        maxRuns = reader.integer("max_runs", in: JobLimit.maxRuns)
        expiry.after = reader.span("expires_after", in: JobLimit.expiresAfter)
        expiry.at = reader.instant("expires_at")
    }

    private mutating func readPolicies(_ reader: inout FieldReader) {
        delivery = reader.choice("delivery", Delivery.self) ?? delivery
        timeout.attempt = reader.span("timeout", in: JobLimit.timeout) ?? timeout.attempt
        misfire.mode = reader.choice("misfire", MisfirePolicy.Mode.self) ?? misfire.mode
        misfire.after = reader.span("misfire_after", in: JobLimit.misfireAfter) ?? misfire.after
        misfire.catchupLimit =
            reader.integer("catchup_limit", in: JobLimit.catchup) ?? misfire.catchupLimit
        misfire.catchupWindow =
            reader.span("catchup_window", in: JobLimit.catchupWindow) ?? misfire.catchupWindow
        resume = reader.choice("resume", ResumePolicy.self) ?? resume
        if let text = reader.string("overlap") {
            if let policy = OverlapPolicy(text: text) {
                overlap = policy
            } else {
                reader.refuse(
                    "overlap",
                    "\"\(text)\" is not one of \"allow\", \"skip\", \"queue(n)\" with n from 1 to \(OverlapPolicy.queueLimit), \"cancel_other\""
                )
            }
        }
        maxConcurrent = reader.integer("max_concurrent", in: JobLimit.maxConcurrent)
        readLimits(&reader)
        priority = reader.integer("priority", in: JobLimit.priority) ?? priority
        alerts = AlertPolicy(&reader)
    }

    private mutating func readLimits(_ reader: inout FieldReader) {
        concurrencyKey = reader.string("concurrency_key", limit: JobLimit.concurrencyKeyBytes)
        if let concurrencyKey,
            concurrencyKey.isEmpty || concurrencyKey.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        {
            reader.refuse("concurrency_key", "must be non-empty text without control characters")
        }
        guard let text = reader.string("rate_limit") else { return }
        rateLimit = StartRate(text: text)
        if rateLimit == nil {
            let (counts, periods) = (StartRate.counts, StartRate.periods)
            reader.refuse(
                "rate_limit",
                "\"\(text)\" is not a number from \(counts.lowerBound) to \(counts.upperBound), a slash and a duration from "
                    + "\(periods.lowerBound) to \(periods.upperBound), such as \"100/1m\"")
        }
    }

    private mutating func readRetry(_ reader: inout FieldReader) {
        retry.maxRetries = reader.integer("max_retries", in: JobLimit.maxRetries) ?? retry.maxRetries
        retry.baseDelay = reader.span("base_delay", in: JobLimit.baseDelay) ?? retry.baseDelay
        guard let value = reader.value("retry") else { return }
        guard let members = value.objectValue else {
            reader.refuse("retry", "must be an object, not \(value.kindName)")
            return
        }
        var inner = reader.inside("retry", members)
        retry.strategy = inner.choice("strategy", RetryPolicy.Strategy.self) ?? retry.strategy
        retry.factor = inner.number("factor", in: JobLimit.factor) ?? retry.factor
        retry.maxDelay = inner.span("max_delay", in: JobLimit.maxDelay) ?? retry.maxDelay
        retry.jitter = inner.choice("jitter", RetryPolicy.Jitter.self)
        retry.maxElapsed = inner.span("max_elapsed", in: JobLimit.maxElapsed)
        readDelays(&inner)
        if retry.strategy == .list, retry.delays.isEmpty { inner.refuse("delays", "is required for strategy \"list\"") }
        inner.refuseUnknown()
        for problem in inner.problems { reader.adopt(problem) }
    }

    private mutating func readDelays(_ reader: inout FieldReader) {
        guard let value = reader.value("delays") else { return }
        guard let items = value.arrayValue, items.count <= RetryPolicy.delayListLimit else {
            reader.refuse("delays", "must be an array of at most \(RetryPolicy.delayListLimit) durations")
            return
        }
        for (index, item) in items.enumerated() {
            if let delay = reader.span("delays[\(index)]", item, in: JobLimit.listedDelay) {
                retry.delays.append(delay)
            }
        }
    }
}

extension JobDefinition {
    /// The definition as the API shows it, except that secrets of the action are still in it.
    package var json: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "name": .string(name),
            "type": type.map { .string($0) } ?? .null,
            "tags": .array(tags.map { .string($0) }),
            "payload": payload,
            "action": .object(action.fields.merging(["type": .string(action.type)]) { _, type in type }),
            "schedule": .string(schedule),
            "timezone": .string(timezone),
            "dialect": .string(dialect.rawValue),
            "dst_gap": .string(dstGap.rawValue),
            "dst_fold": .string(dstFold.rawValue),
            "run_if_past": .bool(runIfPast),
            "jitter": .string(jitter.description),
            "delivery": .string(delivery.rawValue),
            "timeout": .string(timeout.attempt.description),
            "misfire": .string(misfire.mode.rawValue),
            "misfire_after": .string(misfire.after.description),
            "catchup_limit": .integer(Int64(misfire.catchupLimit)),
            "catchup_window": .string(misfire.catchupWindow.description),
            "resume": .string(resume.rawValue),
            "overlap": .string(overlap.text),
            "priority": .integer(Int64(priority)),
            "max_retries": .integer(Int64(retry.maxRetries)),
            "base_delay": .string(retry.baseDelay.description),
            "retry": retryJSON,
        ]
        members["timezones"] = timezones.isEmpty ? .null : .array(timezones.map { .string($0) })
        members["start_at"] = startAt.map { .string($0.description) } ?? .null
        members["end_at"] = endAt.map { .string($0.description) } ?? .null
        members["max_runs"] = maxRuns.map { .integer(Int64($0)) } ?? .null
        members["expires_after"] = expiry.after.map { .string($0.description) } ?? .null
        members["expires_at"] = expiry.at.map { .string($0.description) } ?? .null
        members["max_concurrent"] = maxConcurrent.map { .integer(Int64($0)) } ?? .null
        members["concurrency_key"] = concurrencyKey.map { .string($0) } ?? .null
        members["rate_limit"] = rateLimit.map { .string($0.text) } ?? .null
        members["alerts"] = alerts?.json ?? .null
        return members
    }

    /// Members that came later, left out of what is stored where they say nothing: binaries before them refuse what they do
    /// not know, and work beside newer ones while a cluster is upgraded.
    private static let laterMembers: Set<String> = ["alerts", "concurrency_key", "rate_limit", "timezones"]

    /// What stores keep.
    package var storedText: String {
        JSONWriter.text(.object(json.filter { !Self.laterMembers.contains($0.key) || $0.value != .null }))
    }

    private var retryJSON: JSONValue {
        var members: [String: JSONValue] = [
            "strategy": .string(retry.strategy.rawValue),
            "factor": .number(retry.factor),
            "max_delay": .string(retry.maxDelay.description),
        ]
        members["jitter"] = retry.jitter.map { .string($0.rawValue) }
        members["max_elapsed"] = retry.maxElapsed.map { .string($0.description) }
        if !retry.delays.isEmpty { members["delays"] = .array(retry.delays.map { .string($0.description) }) }
        return .object(members)
    }
}

extension FieldReader {
    /// Several zones, each once; whether there are such zones is asked by who parses the schedule in them.
    package mutating func timezones() -> [String] {
        guard let value = value("timezones") else { return [] }
        guard let items = value.arrayValue, JobLimit.timezones.contains(items.count) else {
            refuse(
                "timezones",
                "must be a list of \(JobLimit.timezones.lowerBound) to \(JobLimit.timezones.upperBound) time zones")
            return []
        }
        var zones: [String] = []
        for (index, item) in items.enumerated() {
            guard let zone = item.stringValue, zone.utf8.count <= JobLimit.timezoneBytes else {
                refuse("timezones[\(index)]", "must be an IANA id such as Europe/Berlin")
                continue
            }
            if zones.contains(zone) { refuse("timezones[\(index)]", "\(zone) is there twice") }
            zones.append(zone)
        }
        return zones
    }
}
