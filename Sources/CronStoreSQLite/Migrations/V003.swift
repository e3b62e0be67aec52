extension Migrations {
    /// Idempotency keys of requests that started a run; concurrency keys and rate limits.
    static let v003 = """
        ALTER TABLE idempotency_keys ADD COLUMN run_id BLOB;

        ALTER TABLE runs ADD COLUMN concurrency_key TEXT;

        -- Until when the starts of each rate limit's key are paid for.
        CREATE TABLE start_rates (key TEXT PRIMARY KEY, paid_until INTEGER NOT NULL) WITHOUT ROWID;
        """
}
