package import CronModel
import CronSchedule

/// What is read, and accounts.
extension MemoryStore {
    package func job(_ id: JobID, owner: UserID) async throws(StoreError) -> JobView? {
        try await perform { transaction in
            guard let job = transaction.job(id), job.userID == owner, job.deletedAt == nil else { return nil }
            return transaction.view(job)
        }
    }

    package func job(named name: String, owner: UserID) async throws(StoreError) -> JobView? {
        try await perform { transaction in
            let named = transaction.allJobs { $0.userID == owner && $0.definition.name == name && $0.deletedAt == nil }
            let holder = named.first { $0.state != .finished } ?? named.max { $0.createdAt < $1.createdAt }
            return holder.map(transaction.view)
        }
    }

    package func jobs(_ query: JobQuery) async throws(StoreError) -> Page<JobView> {
        try await perform { transaction in
            let jobs = transaction.allJobs { job in
                job.userID == query.owner && job.deletedAt == nil && (query.state.map { $0 == job.state } ?? true)
                    && (query.type.map { $0 == job.definition.type } ?? true)
                    && (query.tag.map { job.definition.tags.contains($0) } ?? true)
                    && (query.text.map { job.definition.name.lowercased().contains($0.lowercased()) } ?? true)
            }
            return Self.page(
                jobs, query.limit, query.after, query.descending,
                at: { PageCursor(at: $0.createdAt, id: ($0.id.high, $0.id.low)) }, show: transaction.view)
        }
    }

    package func run(_ id: RunID, owner: UserID) async throws(StoreError) -> Run? {
        try await perform { transaction in transaction.run(id).flatMap { $0.userID == owner ? $0 : nil } }
    }

    package func runs(_ query: RunQuery) async throws(StoreError) -> Page<Run> {
        try await perform { transaction in
            var statuses = query.statuses
            if statuses.remove(.failed) != nil { statuses.formUnion([.retrying, .dead]) }
            let runs = transaction.allRuns { run in
                run.userID == query.owner && (query.jobID.map { $0 == run.jobID } ?? true)
                    && (query.statuses.isEmpty || statuses.contains(run.status))
                    && (query.from.map { run.lastSlot >= $0 } ?? true)
                    && (query.to.map { run.scheduledFor < $0 } ?? true)
            }
            return Self.page(
                runs, query.limit, query.after, query.descending,
                at: { PageCursor(at: $0.scheduledFor, id: ($0.id.high, $0.id.low)) }, show: { $0 })
        }
    }

    private static func page<Item, Shown>(
        _ items: [Item], _ limit: Int, _ after: PageCursor?, _ descending: Bool, at: (Item) -> PageCursor,
        show: (Item) -> Shown
    ) -> Page<Shown> {
        let key = { (cursor: PageCursor) in (cursor.at, cursor.high, cursor.low) }
        var ordered = items.sorted { key(at($0)) < key(at($1)) }
        if descending { ordered.reverse() }
        if let after {
            ordered = ordered.filter { descending ? key(at($0)) < key(after) : key(at($0)) > key(after) }
        }
        let page = ordered.prefix(limit)
        return Page(items: page.map(show), next: ordered.count > limit ? page.last.map(at) : nil)
    }

    package func attempts(of ids: [RunID], owner: UserID) async throws(StoreError) -> [RunID: [Attempt]] {
        try await perform { transaction in
            var found: [RunID: [Attempt]] = [:]
            for id in ids {
                guard let run = transaction.run(id), run.userID == owner else { continue }
                var attempts = transaction.archived(id).sorted { $0.number < $1.number }
                if let current = run.current, !attempts.contains(where: { $0.number == current.number }) {
                    attempts.append(current)
                }
                found[id] = attempts
            }
            return found
        }
    }

    package func runCounts() async throws(StoreError) -> [RunStatus: Int] {
        try await perform { transaction in
            Dictionary(transaction.allRuns { _ in true }.map { ($0.status, 1) }, uniquingKeysWith: +)
        }
    }

    package func nodes() -> [Node] {
        database.tables.nodes.values.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    }

    package func createUser(_ user: User, onlyFirst: Bool) async throws(StoreError) {
        if onlyFirst, !database.tables.users.isEmpty { throw .conflict("an account exists already") }
        if database.tables.users.values.contains(where: { $0.email == user.email }) {
            throw .conflict("an account with this email exists")
        }
        database.tables.users[user.id] = user
    }

    package func user(email: String) -> User? { database.tables.users.values.first { $0.email == email } }
    package func user(_ id: UserID) -> User? { database.tables.users[id] }
    package func hasUsers() -> Bool { !database.tables.users.isEmpty }
    package func setPasswordHash(_ hash: String, of id: UserID) { database.tables.users[id]?.passwordHash = hash }

    package func addRefreshToken(_ token: RefreshToken) {
        database.tables.tokens[token.hash] = MemoryDatabase.Token(token: token)
    }

    package func rotateRefreshToken(hash: [UInt8], next: RefreshToken) -> RefreshRotation {
        guard let known = database.tables.tokens[hash], known.token.expiresAt > clock.now else { return .unknown }
        if known.isUsed {
            revoke(known.token.family)
            return .reused
        }
        database.tables.tokens[hash]?.isUsed = true
        addRefreshToken(
            RefreshToken(
                hash: next.hash, family: known.token.family, userID: known.token.userID, expiresAt: next.expiresAt))
        return .rotated(known.token.userID)
    }

    package func revokeRefreshFamily(hash: [UInt8]) {
        if let known = database.tables.tokens[hash] { revoke(known.token.family) }
    }

    private func revoke(_ family: RefreshToken.UserFamily) {
        database.tables.tokens = database.tables.tokens.filter { $0.value.token.family != family }
    }
}
