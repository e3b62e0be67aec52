package import CronSchedule

/// What following an output may cost, whoever writes it and whoever reads.
package enum OutputLimit {
    /// Between two looks at what the commands of a node that somebody follows have written.
    package static let pace = Span.milliseconds(200)
    /// Of what an attempt writes between two looks the newest bytes are shown; what came before them is a gap.
    package static let writtenBytes = 32_768
    /// Bytes of output in one piece.
    package static let pieceBytes = 32_768
    /// Bytes of text that are kept of one attempt's pieces, for those who come later or read slowly.
    package static let keptBytes = 262_144
    /// How long pieces are kept when nobody follows any more, or the attempt has ended.
    package static let linger = Span.seconds(30)

    /// Between two looks at a run that somebody follows, at the store: how far it has come.
    package static let look = Span.seconds(1)
    /// The same where its attempt has ended and its outcome is on the way.
    package static let lookSoon = Span.milliseconds(200)
    /// How long the last pieces of an attempt are waited for when its outcome is known already.
    package static let patience = Span.seconds(2)

    /// For how long a node asks another for a run's output, and how often it repeats that.
    package static let askFor = Span.seconds(15)
    package static let askAgain = Span.seconds(5)
    /// How often a node that runs commands looks, without a hint, whether somebody asks for their output.
    package static let heed = Span.seconds(2)
    /// How long pieces lie where nodes leave them for each other.
    package static let boardLife = Span.seconds(60)
    /// Pieces that a node leaves or takes there at once: one of each stream, and some more.
    package static let boardPieces = 256

    /// Streams at once.
    package static let streamsOfUser = 8
    package static let streamsOfRun = 16
    package static let streamsOfNode = 200
}
