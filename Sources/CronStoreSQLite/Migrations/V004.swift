extension Migrations {
    /// Jobs with alerts: what is known of each, and what has happened since.
    static let v004 = """
        CREATE TABLE job_watches (
            job_id BLOB PRIMARY KEY, user_id BLOB NOT NULL, check_at INTEGER, state TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX job_watches_due ON job_watches (check_at) WHERE check_at IS NOT NULL;

        CREATE TABLE watch_signals (number INTEGER PRIMARY KEY, job_id BLOB NOT NULL, run_id BLOB);
        """
}
