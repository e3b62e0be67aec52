extension Migrations {
    /// Roles and spaces of accounts, resources, an audit log that nobody can rewrite, and a second wall around spaces: a
    /// transaction that has entered one sees no row of another, whatever its statements say. The engine enters none. The
    /// scalar subqueries are asked once a statement, not once a row. FORCE holds the owner of the tables to it too; a
    /// superuser it cannot hold.
    ///
    /// CASE, because the planner takes it for true half of the time. `… IS NULL OR …` it takes for one row in a hundred:
    /// then it read all live runs for each start, 4 times as slow.
    static let v002 = """
        ALTER TABLE users ADD COLUMN space uuid, ADD COLUMN role text NOT NULL DEFAULT 'admin',
            ADD COLUMN disabled_at bigint;
        UPDATE users SET space = id;
        CREATE INDEX users_space ON users ((coalesce(space, id)), created_at, id);
        CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);

        CREATE TABLE resources (
            id uuid PRIMARY KEY, kind text NOT NULL, space uuid NOT NULL, name text NOT NULL, lookup bytea,
            body text NOT NULL, version bigint NOT NULL, created_at bigint NOT NULL, updated_at bigint NOT NULL
        );
        CREATE UNIQUE INDEX resources_name ON resources (space, kind, name);
        CREATE UNIQUE INDEX resources_lookup ON resources (lookup, kind) WHERE lookup IS NOT NULL;

        CREATE TABLE audit_heads (
            space uuid PRIMARY KEY, sequence bigint NOT NULL, at bigint NOT NULL, hash bytea NOT NULL
        ) WITH (fillfactor = 50);
        CREATE TABLE audit_log (
            space uuid NOT NULL, sequence bigint NOT NULL, at bigint NOT NULL, target text, entry text NOT NULL,
            hash bytea NOT NULL, PRIMARY KEY (space, sequence)
        );
        CREATE INDEX audit_log_target ON audit_log (space, target, sequence) WHERE target IS NOT NULL;
        CREATE FUNCTION cronpp_append_only() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION ''the audit log is append-only''; END';
        CREATE TRIGGER audit_log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
            FOR EACH STATEMENT EXECUTE FUNCTION cronpp_append_only();

        CREATE FUNCTION cronpp_space() RETURNS uuid LANGUAGE sql STABLE AS
            'SELECT nullif(current_setting(''cronpp.space'', true), '''')::uuid';
        \(wall("jobs", "user_id"))
        \(wall("live_runs", "user_id"))
        \(wall("run_history", "user_id"))
        \(wall("idempotency_keys", "user_id"))
        \(wall("users", "coalesce(space, id)"))
        \(wall("resources", "space"))
        \(wall("audit_heads", "space"))
        \(wall("audit_log", "space"))
        """

    /// Rows of one space for whoever has entered it.
    static func wall(_ table: String, _ space: String) -> String {
        """
        ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY \(table)_space ON \(table) USING
            (CASE WHEN (SELECT cronpp_space()) IS NULL THEN true ELSE \(space) = (SELECT cronpp_space()) END);
        """
    }
}
