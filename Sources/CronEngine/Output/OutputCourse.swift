package import CronModel

/// Something that whoever follows a run's output is told.
package enum OutputEvent: Hashable, Sendable {
    /// An attempt is under way, or was.
    case attempt(Attempt)
    /// What it wrote from that byte on.
    case output(offset: Int64, text: String)
    /// So many bytes from that one on are not shown.
    case gap(offset: Int64, bytes: Int64)
    /// What is kept of its output, from its beginning, in place of what was shown; in parts if it is long.
    case kept(offset: Int64, text: String)
    case outcome(Attempt)
    /// The run has come to an end.
    case end(Run)
}

package struct ToldOutput: Hashable, Sendable {
    package var event: OutputEvent
    /// To go on after it.
    package var position: OutputPosition
}

/// What one follower of a run is told, and in which order: each attempt from where he stands, its outcome, the next
/// attempt, the run's end.
package struct OutputCourse: Sendable {
    /// Nil before the first attempt.
    private(set) var position: OutputPosition?
    private(set) var isOver = false
    private var announced = 0

    package init(after position: OutputPosition?) {
        self.position = position
    }

    /// Of these attempts, those that he has not followed to their end.
    func open(_ attempts: [Attempt]) -> [Attempt] {
        guard let position else { return attempts.suffix(1) }
        return attempts.filter {
            $0.number > position.attempt || ($0.number == position.attempt && position.end == nil)
        }
    }

    /// How far he has read an attempt.
    func offset(in attempt: Attempt) -> Int64 {
        position.map { $0.attempt == attempt.number ? $0.offset : 0 } ?? 0
    }

    /// - Parameters:
    ///   - attempts: oldest first, the run's newest among them.
    ///   - readings: what live output there is of them.
    ///   - isLate: the last live pieces of an attempt whose outcome is known have been waited for long enough.
    mutating func next(
        _ run: Run, _ attempts: [Attempt], _ readings: [OutputKey: OutputReading], isLate: Bool
    ) -> [ToldOutput] {
        var told: [ToldOutput] = []
        for attempt in open(attempts) {
            if position?.attempt != attempt.number { position = OutputPosition(attempt: attempt.number) }
            if announced != attempt.number { tell(.attempt(attempt), &told) }
            announced = attempt.number
            let reading = readings[OutputKey(run: run.id, fence: attempt.fence)]
            for piece in reading?.pieces ?? [] { tell(piece, &told) }
            guard attempt.outcome != nil || attempt.number < run.attempt || !run.status.isLive else { return told }
            if reading?.isEnded != true {
                guard isLate || offset(in: attempt) == 0 else { return told }
                tellKept(attempt, &told)
            }
            position?.end = .ofAttempt
            tell(.outcome(attempt), &told)
        }
        if !run.status.isLive {
            isOver = true
            position = OutputPosition(attempt: run.attempt, end: .ofRun)
            tell(.end(run), &told)
        }
        return told
    }

    private mutating func tell(_ event: OutputEvent, _ told: inout [ToldOutput]) {
        told.append(ToldOutput(event: event, position: position ?? OutputPosition(attempt: 0)))
    }

    private mutating func tell(_ piece: OutputPiece, _ told: inout [ToldOutput]) {
        guard let place = position?.offset, piece.end > place else { return }
        if piece.start > place {
            position?.offset = piece.start
            tell(.gap(offset: place, bytes: piece.start - place), &told)
        }
        let offset = max(place, piece.start)
        position?.offset = piece.end
        tell(.output(offset: piece.isExact ? offset : piece.start, text: piece.text(from: offset)), &told)
    }

    /// The live pieces have not been heard to their end: what is kept says what is missing.
    private mutating func tellKept(_ attempt: Attempt, _ told: inout [ToldOutput]) {
        guard let outcome = attempt.outcome, let output = outcome.output else { return }
        let whole = OutputPiece(start: 0, end: Int64(output.utf8.count), text: output)
        let place = offset(in: attempt)
        let goesOn = !outcome.outputTruncated && whole.isExact && place <= whole.end && place > 0
        if goesOn, place == whole.end { return }
        position?.offset = goesOn ? place : 0
        var rest = Substring(goesOn ? whole.text(from: place) : output)
        while !rest.isEmpty {
            let part = rest.prefixInWhole(bytes: OutputLimit.pieceBytes)
            rest = rest[part.endIndex...]
            let offset = position?.offset ?? 0
            position?.offset = offset + Int64(part.utf8.count)
            let text = String(part)
            tell(goesOn ? .output(offset: offset, text: text) : .kept(offset: offset, text: text), &told)
        }
    }
}

extension OutputPiece {
    /// Whether each byte of the text is one that was written.
    fileprivate var isExact: Bool {
        text.utf8.count == end - start && !text.contains(SecretMark.text) && !text.unicodeScalars.contains("\u{FFFD}")
    }

    /// Without what lies before a place; all of it where that cannot be told.
    fileprivate func text(from place: Int64) -> String {
        guard isExact, place > start else { return text }
        return String(text[...].dropFirst(bytes: Int(min(place, end) - start)))
    }
}

extension Substring {
    /// Where the character is that holds the byte with that number, or the end.
    private func character(atByte count: Int) -> Index {
        var index = utf8.index(startIndex, offsetBy: count)
        // The bytes that go on with a character are no place to cut.
        while index < endIndex, utf8[index] & 0b1100_0000 == 0b1000_0000 { index = utf8.index(before: index) }
        return index
    }

    fileprivate func dropFirst(bytes count: Int) -> Substring { self[character(atByte: count)...] }

    fileprivate func prefixInWhole(bytes count: Int) -> Substring {
        utf8.count > count ? self[..<character(atByte: count)] : self[...]
    }
}
