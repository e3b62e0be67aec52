extension Migrations {
    /// Roles and spaces of accounts, resources, and an audit log that nobody can rewrite.
    static let v002 = """
        ALTER TABLE users ADD COLUMN space BLOB;
        ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
        ALTER TABLE users ADD COLUMN disabled_at INTEGER;
        UPDATE users SET space = id;
        CREATE INDEX users_space ON users (space, created_at, id);
        CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);

        CREATE TABLE resources (
            id BLOB PRIMARY KEY, kind TEXT NOT NULL, space BLOB NOT NULL, name TEXT NOT NULL, lookup BLOB,
            body TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX resources_name ON resources (space, kind, name);
        CREATE UNIQUE INDEX resources_lookup ON resources (lookup, kind) WHERE lookup IS NOT NULL;

        CREATE TABLE audit_log (
            space BLOB NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, target TEXT, entry TEXT NOT NULL,
            hash BLOB NOT NULL, PRIMARY KEY (space, sequence)
        ) WITHOUT ROWID;
        CREATE INDEX audit_log_target ON audit_log (space, target, sequence) WHERE target IS NOT NULL;
        CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
        CREATE TRIGGER audit_log_unchanged BEFORE UPDATE ON audit_log
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
        """
}
