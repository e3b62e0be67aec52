package import CronSchedule

/// Where nodes that share a store leave the output of running attempts for each other, while somebody follows it at
/// another node than the one that executes. Nothing is promised to stay there.
package protocol OutputBoard: Sendable {
    /// Asks whichever nodes execute these runs for their output, for as long as that.
    func ask(_ runs: [RunID: UserID], for time: Span) async throws(StoreError)
    /// Which of these runs somebody asks for.
    func asked(_ runs: [RunID]) async throws(StoreError) -> Set<RunID>
    /// Leaves pieces, each attempt's in order. Of an attempt the newest `OutputLimit.keptBytes` stay.
    func put(_ posts: [OutputPost]) async throws(StoreError)
    /// The pieces of each attempt that end after a place, in order, at most `OutputLimit.boardPieces` of all together;
    /// one that is the attempt's last also if it ends there.
    func read(_ places: [OutputKey: Int64]) async throws(StoreError) -> [OutputPost]
    /// Takes away what nobody asks for any more, and pieces older than `OutputLimit.boardLife`.
    func prune() async throws(StoreError)
}

package struct OutputPost: Hashable, Sendable {
    package var key: OutputKey
    package var space: UserID
    package var piece: OutputPiece

    package init(key: OutputKey, space: UserID, piece: OutputPiece) {
        self.key = key
        self.space = space
        self.piece = piece
    }
}
