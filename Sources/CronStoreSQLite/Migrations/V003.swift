extension Migrations {
    /// Idempotency keys of requests that started a run; concurrency keys and rate limits.
    static let v003 = """
        ALTER TABLE idempotency_keys ADD COLUMN run_id BLOB;

        ALTER TABLE runs ADD COLUMN concurrency_key TEXT;

        -- Until when each key's rate limit has been paid for.
        CREATE TABLE start_rates (key TEXT PRIMARY KEY, paid_until INTEGER NOT NULL) WITHOUT ROWID;
        """
}
