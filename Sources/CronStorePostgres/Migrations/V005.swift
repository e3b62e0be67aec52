extension Migrations {
    /// Output of running attempts on its way from node to node. Unlogged: it costs no WAL, and a crash of the server may
    /// lose it.
    static let v005 = """
        CREATE UNLOGGED TABLE output_followers (
            run_id uuid PRIMARY KEY, space uuid NOT NULL, until bigint NOT NULL
        ) WITH (fillfactor = 50);
        CREATE UNLOGGED TABLE output_pieces (
            run_id uuid NOT NULL, fence bigint NOT NULL, begins bigint NOT NULL, ends bigint NOT NULL,
            is_last boolean NOT NULL, space uuid NOT NULL, at bigint NOT NULL, text text NOT NULL,
            PRIMARY KEY (run_id, fence, ends, is_last)
        );
        \(wall("output_followers", "space"))
        \(wall("output_pieces", "space"))
        """
}
