extension Migrations {
    /// Jobs with alerts: what is known of each, and what has happened since. Binaries before judge none of it; they leave
    /// signals of what they do unwritten, and a newer node finds late runs and silence all the same.
    static let v004 = """
        CREATE TABLE job_watches (
            job_id uuid PRIMARY KEY, user_id uuid NOT NULL, check_at bigint, state text NOT NULL
        ) WITH (fillfactor = 50);
        CREATE INDEX job_watches_due ON job_watches (check_at) WHERE check_at IS NOT NULL;
        \(wall("job_watches", "user_id"))

        -- Only ever added to and taken from: no two nodes meet at a row.
        CREATE TABLE watch_signals (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job_id uuid NOT NULL, run_id uuid
        ) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
        """
}
