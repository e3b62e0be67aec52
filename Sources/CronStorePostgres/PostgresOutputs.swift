package import CronModel
package import CronSchedule
import PostgresClient

/// Output on its way from node to node, in two tables that no crash need keep. Each verb is one statement.
package struct PostgresOutputs: OutputBoard {
    let send: @Sendable (PostgresQuery) async throws -> PostgresResult
    let moment: @Sendable () -> Int64?

    package func ask(_ runs: [RunID: UserID], for time: Span) async throws(StoreError) {
        // In one order, or two that ask for the same could wait for each other.
        let runs = runs.sorted { $0.key < $1.key }
        _ = try await ask(
            """
            INSERT INTO output_followers (run_id, space, until)
            SELECT u.run_id, u.space, coalesce(\(moment()), cronpp_now()) + \(time.microseconds)
            FROM unnest(\(runs.map(\.key).uuids()), \(runs.map(\.value).uuids())) AS u (run_id, space)
            ON CONFLICT (run_id) DO UPDATE SET until = greatest(output_followers.until, excluded.until)
            """)
    }

    package func asked(_ runs: [RunID]) async throws(StoreError) -> Set<RunID> {
        let found = try await ask(
            """
            SELECT run_id FROM output_followers
            WHERE run_id = ANY(\(runs.uuids())) AND until > coalesce(\(moment()), cronpp_now())
            """)
        return Set(try read(found) { try $0.id(0) })
    }

    package func put(_ posts: [OutputPost]) async throws(StoreError) {
        let keys = posts.map(\.key)
        let pieces = posts.map(\.piece)
        _ = try await ask(
            """
            WITH fresh AS (
                SELECT * FROM unnest(\(keys.map(\.run).uuids()), \(PostgresArray(keys.map(\.fence))),
                    \(PostgresArray(pieces.map(\.start))), \(PostgresArray(pieces.map(\.end))),
                    \(PostgresArray(pieces.map(\.isLast))), \(posts.map(\.space).uuids()),
                    \(PostgresArray(pieces.map(\.text)))) AS u (run_id, fence, begins, ends, is_last, space, text)
            ), old AS (
                DELETE FROM output_pieces p
                USING (SELECT run_id, fence, max(ends) AS ends FROM fresh GROUP BY run_id, fence) f
                WHERE p.run_id = f.run_id AND p.fence = f.fence
                    AND p.ends < f.ends - \(Int64(OutputLimit.keptBytes))
            )
            INSERT INTO output_pieces (run_id, fence, begins, ends, is_last, space, at, text)
            SELECT run_id, fence, begins, ends, is_last, space, coalesce(\(moment()), cronpp_now()), text FROM fresh
            ON CONFLICT DO NOTHING
            """)
    }

    package func read(_ places: [OutputKey: Int64]) async throws(StoreError) -> [OutputPost] {
        let places = Array(places)
        let found = try await ask(
            """
            SELECT p.run_id, p.fence, p.begins, p.ends, p.is_last, p.space, p.text
            FROM unnest(\(places.map(\.key.run).uuids()), \(PostgresArray(places.map(\.key.fence))),
                \(PostgresArray(places.map(\.value)))) AS u (run_id, fence, place)
            JOIN output_pieces p ON p.run_id = u.run_id AND p.fence = u.fence
                AND (p.ends > u.place OR (p.is_last AND p.ends = u.place))
            ORDER BY p.run_id, p.fence, p.ends, p.is_last LIMIT \(Int64(OutputLimit.boardPieces))
            """)
        return try read(found) { row in
            OutputPost(
                key: OutputKey(run: try row.id(0), fence: try row.int(1)), space: try row.id(5),
                piece: OutputPiece(
                    start: try row.int(2), end: try row.int(3), text: try row.text(6), isLast: try row.bool(4)))
        }
    }

    package func prune() async throws(StoreError) {
        _ = try await ask(
            """
            WITH t AS (SELECT coalesce(\(moment()), cronpp_now()) AS now),
                gone AS (DELETE FROM output_followers USING t WHERE until <= t.now)
            DELETE FROM output_pieces USING t WHERE at <= t.now - \(OutputLimit.boardLife.microseconds)
            """)
    }

    private func ask(_ query: PostgresQuery) async throws(StoreError) -> PostgresResult {
        do {
            return try await send(query)
        } catch {
            throw StoreError(postgres: error, .askedAgain)
        }
    }

    private func read<Value>(
        _ result: PostgresResult, _ value: (PostgresRow) throws -> Value
    ) throws(StoreError) -> [Value] {
        do {
            return try result.all(value)
        } catch {
            throw StoreError(postgres: error, .askedAgain)
        }
    }
}
