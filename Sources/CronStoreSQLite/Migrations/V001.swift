extension Migrations {
    /// Instants are microseconds since 1970, ids 16 bytes, statuses the raw values of RunStatus.
    ///
    /// A run is written in place three times: planned (and claimed), started, ended. `claimable_at`, `live` and `dead`
    /// repeat what `status` says so that an update touches only the indexes whose membership really changes: SQLite
    /// rewrites the entry of every index that names a column in its SET list.
    static let v001 = """
        CREATE TABLE users (
            id BLOB PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, password_hash TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE refresh_tokens (
            hash BLOB PRIMARY KEY, family BLOB NOT NULL, user_id BLOB NOT NULL, expires_at INTEGER NOT NULL,
            used INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID;
        CREATE INDEX refresh_tokens_family ON refresh_tokens (family);

        CREATE TABLE nodes (
            id BLOB PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL, version TEXT NOT NULL,
            started_at INTEGER NOT NULL, lease_until INTEGER NOT NULL, dead_at INTEGER
        ) WITHOUT ROWID;

        CREATE TABLE jobs (
            id BLOB PRIMARY KEY, user_id BLOB NOT NULL, name TEXT NOT NULL, type TEXT, state TEXT NOT NULL,
            state_reason TEXT, definition TEXT NOT NULL, anchor INTEGER NOT NULL, is_reboot INTEGER NOT NULL,
            created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL, deleted_at INTEGER
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX jobs_name ON jobs (user_id, name) WHERE deleted_at IS NULL AND state <> 'finished';
        CREATE INDEX jobs_list ON jobs (user_id, created_at) WHERE deleted_at IS NULL;
        CREATE INDEX jobs_reboot ON jobs (id) WHERE is_reboot = 1 AND deleted_at IS NULL;

        -- Apart from the definition, so that planning rewrites 40 bytes and not a kilobyte.
        CREATE TABLE job_cursors (
            job_id BLOB PRIMARY KEY, cursor INTEGER NOT NULL, next_slot INTEGER, planned_runs INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX job_cursors_due ON job_cursors (next_slot) WHERE next_slot IS NOT NULL;

        CREATE TABLE idempotency_keys (
            user_id BLOB NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, job_id BLOB NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (user_id, key)
        ) WITHOUT ROWID;

        CREATE TABLE runs (
            id BLOB PRIMARY KEY, job_id BLOB NOT NULL, user_id BLOB NOT NULL, origin INTEGER NOT NULL,
            scheduled_for INTEGER NOT NULL, zone TEXT NOT NULL, due_at INTEGER NOT NULL, status INTEGER NOT NULL,
            reason INTEGER, fence INTEGER NOT NULL, attempt INTEGER NOT NULL, owner BLOB, blocked_on TEXT,
            flags INTEGER NOT NULL, budget_base INTEGER NOT NULL, first_started_at INTEGER, run_deadline INTEGER,
            attempt_fence INTEGER, attempt_node BLOB, started_at INTEGER, finished_at INTEGER, outcome INTEGER,
            detail TEXT, extra TEXT, events BLOB NOT NULL,
            claimable_at INTEGER, live INTEGER, dead INTEGER
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX runs_slot ON runs (job_id, scheduled_for, zone);
        CREATE INDEX runs_list ON runs (user_id, scheduled_for);
        CREATE INDEX runs_claimable ON runs (claimable_at) WHERE claimable_at IS NOT NULL;
        CREATE INDEX runs_live ON runs (job_id, scheduled_for) WHERE live IS NOT NULL;
        CREATE INDEX runs_parked ON runs (blocked_on, scheduled_for) WHERE blocked_on IS NOT NULL;
        CREATE INDEX runs_dead ON runs (user_id, scheduled_for) WHERE dead IS NOT NULL;

        -- A run's earlier attempts; the newest one lies in its run.
        CREATE TABLE attempts (
            run_id BLOB NOT NULL, number INTEGER NOT NULL, fence INTEGER NOT NULL, node BLOB NOT NULL,
            started_at INTEGER NOT NULL, finished_at INTEGER, outcome INTEGER, detail TEXT, late_outcome INTEGER,
            late_detail TEXT, PRIMARY KEY (run_id, number)
        ) WITHOUT ROWID;
        """
}
