package import CronModel
import CronSchedule
import HashTreeCollections

/// What is read: a look at what is committed, without locks.
extension MemoryStore {
    package func job(_ id: JobID, owner: UserID) async throws(StoreError) -> JobView? {
        try await perform(.job(id, owner: owner))
    }

    package func job(named name: String, owner: UserID) async throws(StoreError) -> JobView? {
        try await perform(.job(named: name, owner: owner))
    }

    package func jobs(_ query: JobQuery) async throws(StoreError) -> Page<JobView> { try await perform(.jobs(query)) }

    package func selectJobs(_ query: JobQuery) async throws(StoreError) -> JobSelection {
        try await perform(.selectJobs(query))
    }

    package func run(_ id: RunID, owner: UserID) -> Run? {
        tables.runs[id].flatMap { $0.userID == owner ? $0 : nil }
    }

    package func runs(_ query: RunQuery) -> Page<Run> {
        Page(
            found(query), limit: query.limit, after: query.after, descending: query.descending,
            key: { PageCursor(at: $0.scheduledFor, id: ($0.id.high, $0.id.low)) })
    }

    package func deadLetterCount(_ query: RunQuery, upTo most: Int) -> Int {
        min(most, found(query).count { $0.status == .dead })
    }

    private func found(_ query: RunQuery) -> [Run] {
        let slots = query.jobID.map { tables.runs(of: $0, from: Instant(microseconds: .min)) }
        return (slots ?? Array(tables.runs.values)).filter { query.matches($0, of: tables.jobs[$0.jobID]) }
    }

    package func attempts(of ids: [RunID], owner: UserID) -> [RunID: [Attempt]] {
        var found: [RunID: [Attempt]] = [:]
        for id in ids { found[id] = attempts(of: id, owner) }
        return found
    }

    private func attempts(of id: RunID, _ owner: UserID) -> [Attempt]? {
        guard let run = run(id, owner: owner) else { return nil }
        let kept = tables.attempts[id] ?? []
        guard let current = run.current, !kept.contains(where: { $0.number == current.number }) else { return kept }
        return kept + [current]
    }

    package func runCounts() -> [RunStatus: Int] {
        Dictionary(tables.runs.values.map { ($0.status, 1) }, uniquingKeysWith: +)
    }

    package func watch(of job: JobID, owner: UserID) -> Watch? {
        tables.watches[job].flatMap { $0.userID == owner ? $0 : nil }
    }

    package func nodes() -> [Node] {
        tables.nodes.values.map(\.node).sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    }

    package func user(email: String) -> User? { tables.people.users.values.first { $0.email == email } }
    package func user(_ id: UserID) -> User? { tables.people.users[id] }
    package func firstUser() -> User? {
        tables.people.users.values.min { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    package func users(_ query: UserQuery) -> Page<User> {
        Page(
            tables.people.users.values.filter { $0.space == query.space }, limit: query.limit, after: query.after,
            descending: query.descending, key: { PageCursor(at: $0.createdAt, id: ($0.id.high, $0.id.low)) })
    }

    package func user(session: RefreshToken.UserFamily) -> User? {
        let now = clock.now
        let token = tables.people.tokens.values.first { $0.token.family == session && $0.token.expiresAt > now }
        return token.flatMap { tables.people.users[$0.token.userID] }
    }
}

extension MemoryStore {
    package func resource(_ id: ResourceID, _ kind: Resource.Kind, spaces: [UserID]) -> Resource? {
        tables.people.resources[id].flatMap { $0.kind == kind && spaces.contains($0.space) ? $0 : nil }
    }

    package func resource(named name: String, _ kind: Resource.Kind, space: UserID) -> Resource? {
        tables.people.resources.values.first { $0.kind == kind && $0.space == space && $0.name == name }
    }

    package func resource(lookup: [UInt8], _ kind: Resource.Kind) -> Resource? {
        tables.people.resources.values.first { $0.kind == kind && $0.lookup == lookup }
    }

    package func resources(_ query: ResourceQuery) -> Page<Resource> {
        let found = tables.people.resources.values.filter { resource in
            resource.kind == query.kind && (query.spaces?.contains(resource.space) ?? true)
                && (query.text.map { resource.name.lowercased().contains($0.lowercased()) } ?? true)
        }
        return Page(
            found, limit: query.limit, after: query.after, descending: query.descending,
            key: { PageCursor(at: $0.createdAt, id: ($0.id.high, $0.id.low)) })
    }

    package func audit(_ query: AuditQuery) -> Page<AuditRecord> {
        Page(
            (tables.people.audit[query.space] ?? []).filter(query.selects), limit: query.limit, after: query.after,
            descending: query.descending, key: \.cursor)
    }
}

extension MemoryVerb {
    fileprivate static func job(_ id: JobID, owner: UserID) -> MemoryVerb where Answer == JobView? {
        MemoryVerb("job") { transaction in
            guard let job = transaction.tables.jobs[id], job.userID == owner, job.deletedAt == nil else { return nil }
            return transaction.view(job)
        }
    }

    fileprivate static func job(named name: String, owner: UserID) -> MemoryVerb where Answer == JobView? {
        MemoryVerb("job by name") { transaction in
            let named = transaction.tables.jobs.values.filter {
                $0.userID == owner && $0.definition.name == name && $0.deletedAt == nil
            }
            let newest = named.max { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            return (named.first { $0.state != .finished } ?? newest).map(transaction.view)
        }
    }

    fileprivate static func jobs(_ query: JobQuery) -> MemoryVerb where Answer == Page<JobView> {
        MemoryVerb("jobs") { transaction in
            Page(
                transaction.found(query), limit: query.limit, after: query.after, descending: query.descending,
                key: { PageCursor($0.job, next: $0.nextRunTime, sort: query.sort) })
        }
    }

    fileprivate static func selectJobs(_ query: JobQuery) -> MemoryVerb where Answer == JobSelection {
        MemoryVerb("select jobs") { transaction in
            let found = transaction.found(query).map(\.job).sorted { $0.id < $1.id }
            return JobSelection(
                count: found.count,
                jobs: found.prefix(query.limit).map { NamedJob(id: $0.id, name: $0.definition.name) })
        }
    }
}

extension MemoryTransaction {
    fileprivate func found(_ query: JobQuery) -> [JobView] {
        tables.jobs.values.filter(query.matches).map(view).filter(query.matches)
    }
}

extension JobQuery {
    fileprivate func matches(_ job: Job) -> Bool {
        job.userID == owner && job.deletedAt == nil && (ids.map { $0.contains(job.id) } ?? true)
            && (state.map { $0 == job.state } ?? true) && (type.map { $0 == job.definition.type } ?? true)
            && (tag.map { job.definition.tags.contains($0) } ?? true)
            && (text.map { job.definition.name.lowercased().contains($0.lowercased()) } ?? true)
            && created.contains(job.createdAt)
    }

    fileprivate func matches(_ view: JobView) -> Bool {
        (statuses.isEmpty || statuses.sought.contains(view.newest?.status ?? .pending))
            && next.contains(view.nextRunTime)
    }
}

extension RunQuery {
    fileprivate func matches(_ run: Run, of job: Job?) -> Bool {
        run.userID == owner && (ids.map { $0.contains(run.id) } ?? true) && (jobID.map { $0 == run.jobID } ?? true)
            && (statuses.isEmpty || statuses.sought.contains(run.status))
            && (origins.isEmpty || origins.contains(run.origin)) && (!asksJobs || job.map(matches) ?? false)
            && (from.map { run.lastSlot >= $0 } ?? true) && (to.map { run.scheduledFor < $0 } ?? true)
    }

    private func matches(_ job: Job) -> Bool {
        job.deletedAt == nil && (type.map { $0 == job.definition.type } ?? true)
            && (tag.map { job.definition.tags.contains($0) } ?? true)
    }
}

extension Page {
    /// The page after a cursor, in the list's order.
    fileprivate init(_ items: [Item], limit: Int, after: PageCursor?, descending: Bool, key: (Item) -> PageCursor) {
        let rest = items.filter { item in
            guard let after else { return true }
            return descending ? key(item).precedes(after) : after.precedes(key(item))
        }
        let ordered = rest.sorted { left, right in
            descending ? key(right).precedes(key(left)) : key(left).precedes(key(right))
        }
        self.init(items: Array(ordered.prefix(limit)), limit: limit, found: ordered.count, cursor: key)
    }
}

extension PageCursor {
    fileprivate func precedes(_ other: PageCursor) -> Bool {
        // Not by the strings' own order, which takes different bytes for equal.
        guard name.utf8.elementsEqual(other.name.utf8) else {
            return name.utf8.lexicographicallyPrecedes(other.name.utf8)
        }
        return (at, high, low) < (other.at, other.high, other.low)
    }
}
