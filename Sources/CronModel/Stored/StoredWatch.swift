package import CronSchedule

/// A watch as one text, in which a newer binary may have put more.
extension Watch {
    package var storedText: String {
        var members: [String: JSONValue] = [
            "quiet_since": .integer(quietSince.microseconds), "active": .bool(isActive),
            "problems": .object(
                Dictionary(uniqueKeysWithValues: problems.map { ($0.key.rawValue, $0.value.stored) })),
            "notices": .array(notices.map(\.stored)),
        ]
        members["failed_until"] = failedUntil.map { .integer($0.microseconds) }
        members["judge_at"] = judgeAt.map { .integer($0.microseconds) }
        if isOver { members["over"] = .bool(true) }
        members["last_failure"] = lastFailure.map { .string($0) }
        return JSONWriter.text(.object(members))
    }

    /// Nil when the text is none of a watch.
    package init?(jobID: JobID, userID: UserID, stored text: String) {
        guard let json = JSONValue(text: text), let quietSince = json.instant("quiet_since") else { return nil }
        self.init(jobID: jobID, userID: userID, quietSince: quietSince)
        judgeAt = json.instant("judge_at")
        isOver = json["over"]?.boolValue ?? false
        isActive = json["active"]?.boolValue ?? true
        failedUntil = json.instant("failed_until")
        lastFailure = json["last_failure"]?.stringValue
        for (name, value) in json["problems"]?.objectValue ?? [:] {
            guard let rule = AlertRule(rawValue: name) else { continue }
            problems[rule] = Problem(stored: value)
        }
        notices = (json["notices"]?.arrayValue ?? []).compactMap { Notice(stored: $0, jobID: jobID, userID: userID) }
    }
}

extension Problem {
    fileprivate var stored: JSONValue {
        var members: [String: JSONValue] = [
            "id": .string("\(id)"), "since": .integer(since.microseconds),
            "run": run.map { .string("\($0)") } ?? .null, "title": .string(title), "text": .string(text),
            "channels": .array(channels.map { .string($0) }),
        ]
        if !recovery { members["recovery"] = .bool(false) }
        if isUntold { members["untold"] = .bool(true) }
        return .object(members)
    }

    fileprivate init?(stored json: JSONValue) {
        guard let id = json["id"]?.stringValue.flatMap({ NoticeID($0) }), let since = json.instant("since") else {
            return nil
        }
        self.init(
            id: id, since: since, run: json["run"]?.stringValue.flatMap { RunID($0) },
            title: json["title"]?.stringValue ?? "", text: json["text"]?.stringValue ?? "", channels: json.names("channels"),
            recovery: json["recovery"]?.boolValue ?? true, isUntold: json["untold"]?.boolValue ?? false)
    }
}

extension Notice {
    fileprivate var stored: JSONValue {
        .object([
            "id": .string("\(id)"), "job_name": .string(jobName), "rule": .string(rule.rawValue), "problem": .string("\(problem)"),
            "resolved": .bool(isResolved), "channels": .array(channels.map { .string($0) }), "title": .string(title),
            "text": .string(text), "run": run.map { .string("\($0)") } ?? .null,
            "created_at": .integer(createdAt.microseconds), "due_at": .integer(dueAt.microseconds),
            "attempt": .integer(Int64(attempt)), "progress": progress.map { .string($0) } ?? .null,
        ])
    }

    fileprivate init?(stored json: JSONValue, jobID: JobID, userID: UserID) {
        guard let id = json["id"]?.stringValue.flatMap({ NoticeID($0) }),
            let problem = json["problem"]?.stringValue.flatMap({ NoticeID($0) }),
            let rule = json["rule"]?.stringValue.flatMap(AlertRule.init), let createdAt = json.instant("created_at"),
            let dueAt = json.instant("due_at")
        else { return nil }
        self.init(
            id: id, jobID: jobID, userID: userID, jobName: json["job_name"]?.stringValue ?? "", rule: rule, problem: problem,
            isResolved: json["resolved"]?.boolValue ?? false, channels: json.names("channels"),
            title: json["title"]?.stringValue ?? "", text: json["text"]?.stringValue ?? "",
            run: json["run"]?.stringValue.flatMap { RunID($0) }, createdAt: createdAt, dueAt: dueAt,
            attempt: json["attempt"]?.integerValue.map { Int($0) } ?? 0, progress: json["progress"]?.stringValue)
    }
}

extension JSONValue {
    fileprivate func instant(_ name: String) -> Instant? {
        self[name]?.integerValue.map { Instant(microseconds: $0) }
    }

    fileprivate func names(_ name: String) -> [String] { (self[name]?.arrayValue ?? []).compactMap(\.stringValue) }
}
