import CronModel

/// Which jobs a request about many is about: what `GET /jobs` takes, as JSON, and `ids`.
struct JobFilter: Sendable {
    /// Without a limit of its own.
    let query: JobQuery
    /// As the client wrote it, for the audit log.
    let json: JSONValue

    /// Adds what is wrong with it to `outer`; nil once anything is wrong. To take every job must be said on purpose.
    static func read(_ outer: inout FieldReader, owner: UserID) -> JobFilter? {
        guard let json = outer.value("filter") else {
            outer.refuse("filter", "is required; {\"all\": true} takes every job")
            return nil
        }
        guard let members = json.objectValue else {
            outer.refuse("filter", "must be an object, not \(json.kindName)")
            return nil
        }
        var reader = FieldReader(members, prefix: "filter.")
        let query = query(&reader, owner: owner)
        let takesAll = reader.bool("all") ?? false
        reader.refuseUnknown()
        let isEmpty = members.allSatisfy { $0.key == "all" || $0.value == .null }
        if reader.problems.isEmpty, isEmpty, !takesAll {
            outer.refuse("filter", "selects nothing; {\"all\": true} takes every job")
        }
        if takesAll, !isEmpty { reader.refuse("all", "stands alone") }
        for problem in reader.problems { outer.adopt(problem) }
        return outer.problems.isEmpty ? JobFilter(query: query, json: json) : nil
    }

    private static func query(_ reader: inout FieldReader, owner: UserID) -> JobQuery {
        var query = JobQuery(owner: owner)
        query.ids = reader.ids("ids", most: JobControl.matchLimit)
        query.state = reader.choice("state", JobState.self)
        query.statuses = statuses(&reader)
        query.tag = reader.string("tag")
        query.type = reader.string("type")
        query.text = reader.string("q")
        // It is part of every name: an empty search box must not become every job.
        if query.text?.isEmpty ?? false { reader.refuse("q", "must not be empty; {\"all\": true} takes every job") }
        query.next = InstantRange(from: reader.instant("next_from"), to: reader.instant("next_to"))
        query.created = InstantRange(from: reader.instant("created_from"), to: reader.instant("created_to"))
        return query
    }

    /// One status or several.
    private static func statuses(_ reader: inout FieldReader) -> Set<RunStatus> {
        guard let value = reader.value("status") else { return [] }
        let words = value.arrayValue ?? [value]
        let statuses = words.compactMap { $0.stringValue.flatMap { RunStatus(name: $0) } }
        if statuses.count < words.count || words.isEmpty {
            let known = RunStatus.allCases.map(\.name).joined(separator: ", ")
            reader.refuse("status", "must be one of \(known), or an array of some")
        }
        return Set(statuses)
    }
}

extension FieldReader {
    /// Distinct ids in their order.
    mutating func ids<Kind>(
        _ field: String, of kind: Kind.Type = Kind.self, most limit: Int
    ) -> [Identifier<Kind>]? {
        guard let value = value(field) else { return nil }
        guard let items = value.arrayValue else {
            refuse(field, "must be an array of ids, not \(value.kindName)")
            return nil
        }
        guard items.count <= limit else {
            refuse(field, "holds \(items.count) ids; the limit is \(limit)")
            return nil
        }
        var known: Set<Identifier<Kind>> = []
        var ids: [Identifier<Kind>] = []
        for (index, item) in items.enumerated() {
            guard let id = item.stringValue.flatMap({ Identifier<Kind>($0) }) else {
                refuse("\(field)[\(index)]", "is not a UUID")
                continue
            }
            if known.insert(id).inserted { ids.append(id) }
        }
        return ids
    }
}
