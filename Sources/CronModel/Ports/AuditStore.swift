/// The audit log. Lines are only ever added.
package protocol AuditStore: Sendable {
    /// Adds a line by itself: for acts that change nothing else, or that are many transactions.
    func appendAudit(_ entry: AuditEntry) async throws(StoreError)
    /// Ordered by sequence.
    func audit(_ query: AuditQuery) async throws(StoreError) -> Page<AuditRecord>
}
