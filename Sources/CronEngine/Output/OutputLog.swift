package import CronModel

/// The newest pieces of one attempt's output.
struct OutputLog: Sendable {
    private(set) var pieces: [OutputPiece] = []
    private var bytes = 0

    /// Where it ends so far.
    var end: Int64 { pieces.last?.end ?? 0 }
    var isEnded: Bool { pieces.last?.isLast ?? false }

    /// What is there already is passed over: two who tell the same may both be heard.
    mutating func append(_ piece: OutputPiece) {
        guard !isEnded, piece.start >= end else { return }
        pieces.append(piece)
        bytes += piece.text.utf8.count
        var surplus = 0
        while bytes > OutputLimit.keptBytes, surplus < pieces.count - 1 {
            bytes -= pieces[surplus].text.utf8.count
            surplus += 1
        }
        pieces.removeFirst(surplus)
    }

    func pieces(after place: Int64) -> ArraySlice<OutputPiece> {
        pieces.drop { $0.end <= place && !($0.isLast && $0.end == place) }
    }
}

/// What there is of an attempt's output for one who has read it up to a place.
package struct OutputReading: Sendable, Equatable {
    package var pieces: [OutputPiece] = []
    /// Nothing comes after these.
    package var isEnded = false

    package init(pieces: [OutputPiece] = [], isEnded: Bool = false) {
        self.pieces = pieces
        self.isEnded = isEnded
    }
}
