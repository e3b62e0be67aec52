import CronModel

/// What the address of a list of things with names says.
struct NamedFilter: Sendable {
    static let rows = 50

    let list: LocalPath
    let text: String?
    let cursor: PageCursor?

    init(_ request: WebRequest, of list: LocalPath) throws(Problem) {
        self.list = list
        var reader = request.chosen
        text = reader.string("q")
        (_, cursor, _) = reader.page()
        try reader.finish()
    }

    func query(_ kind: Resource.Kind, spaces: [UserID]) -> ResourceQuery {
        var query = ResourceQuery(kind, spaces: spaces)
        query.text = text
        query.after = cursor
        query.limit = Self.rows
        return query
    }

    fileprivate func path(cursor: String? = nil) -> String {
        let all: [(name: String, value: String?)] = [("q", text), ("cursor", cursor)]
        return RunsFilter.path(list, all.compactMap { part in part.value.map { (name: part.name, value: $0) } })
    }
}

/// A page of such a list, without its rows.
struct NamedListView: Sendable {
    let path: String
    let text: String
    let isNarrowed: Bool
    let hasRows: Bool
    let isFirst: Bool
    let first: String
    /// The address of the next rows.
    let next: String?
    let mayWrite: Bool

    init(_ filter: NamedFilter, _ page: Page<Resource>, for request: WebRequest) {
        path = filter.list.text
        text = filter.text ?? ""
        isNarrowed = filter.text != nil
        hasRows = !page.items.isEmpty
        isFirst = filter.cursor == nil
        first = filter.path()
        next = page.next.map { filter.path(cursor: $0.text) }
        mayWrite = request.mayWriteSettings
    }
}
