extension Migrations {
    /// Idempotency keys of requests that started a run.
    static let v003 = "ALTER TABLE idempotency_keys ADD COLUMN run_id BLOB;"
}
