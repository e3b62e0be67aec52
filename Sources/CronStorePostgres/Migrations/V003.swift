extension Migrations {
    /// Idempotency keys of requests that started a run: binaries before read such a row as another request's. Concurrency
    /// keys and rate limits: binaries before do not keep to them.
    static let v003 = """
        ALTER TABLE idempotency_keys ADD COLUMN run_id uuid;

        ALTER TABLE live_runs ADD COLUMN concurrency_key text;
        ALTER TABLE run_history ADD COLUMN concurrency_key text;
        -- RUNNING runs of a key: not by status, which would make every start write this index.
        CREATE INDEX live_runs_keyed ON live_runs (user_id, concurrency_key, due_at)
            WHERE concurrency_key IS NOT NULL AND blocked_on IS NULL;

        -- Until when the starts of each rate limit's key are paid for.
        CREATE TABLE start_rates (key text PRIMARY KEY, paid_until bigint NOT NULL);
        """
}
