extension Migrations {
    /// Idempotency keys of requests that started a run. Binaries before read such a row as another request's.
    static let v003 = "ALTER TABLE idempotency_keys ADD COLUMN run_id uuid;"
}
