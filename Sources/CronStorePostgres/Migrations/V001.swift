extension Migrations {
    /// Instants are microseconds since 1970, statuses the raw values of RunStatus.
    ///
    /// `live_runs` stays narrow: rows leave it for `run_history` when they end. Its index on `due_at` has no status in its
    /// predicate, so claim and start rewrite no index entry (HOT, hence the fillfactor); claimed and running rows lie at
    /// its head, where the reaper finds them without an index of their own.
    static let v001 = """
        CREATE FUNCTION cronpp_now() RETURNS bigint LANGUAGE sql VOLATILE AS
            'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint';

        CREATE TABLE users (
            id uuid PRIMARY KEY, email text NOT NULL UNIQUE, name text, password_hash text NOT NULL,
            created_at bigint NOT NULL
        );

        -- Digests of what all nodes must have in common.
        CREATE TABLE cluster_secrets (name text PRIMARY KEY, digest bytea NOT NULL);

        CREATE TABLE refresh_tokens (
            hash bytea PRIMARY KEY, family uuid NOT NULL, user_id uuid NOT NULL, expires_at bigint NOT NULL,
            used boolean NOT NULL DEFAULT false
        );
        CREATE INDEX refresh_tokens_family ON refresh_tokens (family);

        CREATE TABLE nodes (
            id uuid PRIMARY KEY, pid integer NOT NULL, host text NOT NULL, version text NOT NULL,
            started_at bigint NOT NULL, lease bigint NOT NULL, lease_until bigint NOT NULL, held_since bigint NOT NULL,
            dead_at bigint
        ) WITH (fillfactor = 50);

        -- Whether a node's lease is alive, and has been held for so many lease lengths; true when nobody is asked about.
        CREATE FUNCTION cronpp_leased(node uuid, lengths bigint, moment bigint) RETURNS boolean
            LANGUAGE sql VOLATILE AS
            'SELECT node IS NULL OR EXISTS (SELECT 1 FROM nodes n WHERE n.id = node AND n.dead_at IS NULL
                AND n.lease_until > coalesce(moment, cronpp_now())
                AND n.held_since + n.lease * lengths <= coalesce(moment, cronpp_now()))';

        CREATE TABLE jobs (
            id uuid PRIMARY KEY, user_id uuid NOT NULL, name text NOT NULL, type text, state text NOT NULL,
            state_reason text, definition text NOT NULL, anchor bigint NOT NULL, is_reboot boolean NOT NULL,
            created_at bigint NOT NULL, updated_at bigint NOT NULL, version bigint NOT NULL, deleted_at bigint
        );
        CREATE UNIQUE INDEX jobs_name ON jobs (user_id, name) WHERE deleted_at IS NULL AND state <> 'finished';
        CREATE INDEX jobs_list ON jobs (user_id, created_at, id) WHERE deleted_at IS NULL;
        CREATE INDEX jobs_reboot ON jobs (id) WHERE is_reboot AND deleted_at IS NULL;

        -- Apart from the definition, so that planning rewrites 60 bytes and not a kilobyte.
        CREATE TABLE job_cursors (
            job_id uuid PRIMARY KEY, cursor bigint NOT NULL, next_slot bigint, planned_runs bigint NOT NULL,
            ended boolean NOT NULL DEFAULT false
        ) WITH (fillfactor = 70);
        -- Jobs without a slot left whose last runs may end on two nodes side by side, each seeing the other's.
        CREATE INDEX job_cursors_ended ON job_cursors (job_id) WHERE ended;
        CREATE INDEX job_cursors_due ON job_cursors (next_slot, job_id) WHERE next_slot IS NOT NULL;

        CREATE TABLE idempotency_keys (
            user_id uuid NOT NULL, key text NOT NULL, digest bytea NOT NULL, job_id uuid NOT NULL, at bigint NOT NULL,
            PRIMARY KEY (user_id, key)
        );

        CREATE TABLE live_runs (
            id uuid PRIMARY KEY, job_id uuid NOT NULL, user_id uuid NOT NULL, scheduled_for bigint NOT NULL,
            due_at bigint NOT NULL, fence bigint NOT NULL, first_started_at bigint, run_deadline bigint,
            attempt_fence bigint, started_at bigint, finished_at bigint, attempt integer NOT NULL,
            budget_base integer NOT NULL, outcome integer, origin smallint NOT NULL, status smallint NOT NULL,
            reason smallint, flags smallint NOT NULL, owner uuid, attempt_node uuid, zone text NOT NULL,
            blocked_on text, detail text, extra text, events bytea NOT NULL
        ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
        CREATE UNIQUE INDEX live_runs_slot ON live_runs (job_id, scheduled_for, zone);
        CREATE INDEX live_runs_due ON live_runs (due_at, id) WHERE blocked_on IS NULL;
        CREATE INDEX live_runs_parked ON live_runs (blocked_on, scheduled_for) WHERE blocked_on IS NOT NULL;

        CREATE TABLE run_history (LIKE live_runs, ended_at bigint NOT NULL, PRIMARY KEY (id));
        CREATE INDEX run_history_job ON run_history (job_id, scheduled_for);
        CREATE INDEX run_history_user ON run_history (user_id, scheduled_for, id);
        CREATE INDEX run_history_dead ON run_history (user_id, scheduled_for, id) WHERE status = 6;

        -- A run's earlier attempts; the newest one lies in its run.
        CREATE TABLE attempts (
            run_id uuid NOT NULL, number integer NOT NULL, fence bigint NOT NULL, node uuid NOT NULL,
            started_at bigint NOT NULL, finished_at bigint, outcome integer, detail text, late_outcome integer,
            late_detail text, PRIMARY KEY (run_id, number)
        );
        """
}
