import CronModel
import CronSchedule

/// What became of an alert's messages, and what that makes of the attempt.
struct AlertReport: Sendable {
    private let postings: [AlertPosting]
    private var ends: [Outcome?]
    private var progress: AlertProgress
    /// What earlier attempts have told.
    private let earlier: AlertProgress

    init(_ postings: [AlertPosting], progress: AlertProgress) {
        self.postings = postings
        self.progress = progress
        earlier = progress
        ends = postings.map { progress.refused.contains($0.key) ? .refusedBefore : nil }
    }

    /// Those that no earlier attempt has brought to an end.
    var open: [Int] { unaccepted.filter { !earlier.refused.contains(postings[$0].key) } }

    /// Whether an earlier attempt has brought any of them to an end.
    var goesOn: Bool { !earlier.accepted.isEmpty || !earlier.refused.isEmpty }

    private var unaccepted: [Int] { postings.indices.filter { !earlier.accepted.contains(postings[$0].key) } }

    mutating func end(_ index: Int, _ outcome: Outcome) {
        ends[index] = outcome
        if outcome.verdict == .success { progress.accept(postings[index].key) }
        if ChannelHealth.isRefusal(outcome) { progress.refuse(postings[index].key) }
    }

    /// - Parameter isCancelled: the attempt was told to end, so that not everything was tried.
    func outcome(isCancelled: Bool) -> Outcome {
        let failed = unaccepted.filter { ends[$0]?.verdict != .success }
        var outcome = failed.isEmpty ? .success : failure(failed, isCancelled: isCancelled)
        outcome.reach = reach
        // Of a success nobody asks again.
        outcome.progress = failed.isEmpty ? nil : progress.text(isLast: outcome.verdict == .permanent)
        if postings.count == 1 { outcome.httpStatus = ends[0]?.httpStatus }
        let table = CSV.text(columns: Self.columns, rows: rows(failed: failed), limitBytes: Outcome.outputLimitBytes)
        outcome.output = table.text
        outcome.outputTruncated = table.isCut
        outcome.isTable = true
        return outcome
    }

    private func failure(_ failed: [Int], isCancelled: Bool) -> Outcome {
        let known = failed.compactMap { index in ends[index].map { (index, $0) } }
        // What a retry may mend decides; of that what was tried comes before what was left out for it.
        let transient = known.filter { $0.1.verdict == .transient }
        let deciding = transient.isEmpty ? known : transient
        guard let first = deciding.first(where: { $0.1.kind != .notSent }) ?? deciding.first, !isCancelled else {
            var outcome = Outcome.cancelled(reach)
            outcome.error = "ended early: \(accepted) of \(postings.count) messages had been accepted"
            return outcome
        }
        var outcome = first.1
        outcome.retryAfter = known.compactMap(\.1.retryAfter).max()
        outcome.error = BoundedText.message(text(of: failed.count, first: first.0, first.1))
        return outcome
    }

    private func text(of count: Int, first: Int, _ end: Outcome) -> String {
        let reason = "\(postings[first].place): \(end.error ?? end.kind.rawValue)"
        return postings.count == 1
            ? reason : "\(count) of \(postings.count) messages were not accepted; the first, \(reason)"
    }

    private var accepted: Int { postings.count { progress.accepted.contains($0.key) } }

    /// As far as any of them got in this attempt.
    private var reach: Outcome.Reach {
        let reaches = Set(ends.compactMap { $0?.reach })
        if reaches.contains(.maybeSent) { return .maybeSent }
        return reaches.contains(.answered) ? .answered : .nothingSent
    }
}

// MARK: - The table

extension AlertReport {
    private static let columns = ["channel", "recipient", "result", "detail"]
    /// Bytes of what is told of one message that was not accepted.
    private static let failureBytes = 300

    /// What went wrong comes first.
    private func rows(failed: [Int]) -> [[String?]] {
        let isFailed = Set(failed)
        return (failed + postings.indices.filter { !isFailed.contains($0) }).map(row)
    }

    private func row(_ index: Int) -> [String?] {
        let posting = postings[index]
        let address = posting.recipient?.address
        guard let end = ends[index] else {
            return [posting.channel, address, earlier.accepted.contains(posting.key) ? "accepted before" : "not sent", nil]
        }
        return [posting.channel, address, end.word, detail(of: end)]
    }

    /// Nothing of one that was accepted: a thousand of them are to have room.
    private func detail(of end: Outcome) -> String? {
        guard end.verdict != .success, let text = end.error else { return nil }
        return BoundedText.prefix(BoundedText.message(text).unicodeScalars, maxBytes: Self.failureBytes)
    }
}

extension Outcome {
    /// Of a message that an earlier attempt was told about for good.
    fileprivate static let refusedBefore = Outcome(
        kind: .permanent, verdict: .permanent, reach: .nothingSent, error: "refused at an earlier attempt")

    /// What became of one message, in a word.
    fileprivate var word: String {
        switch (verdict, kind) {
        case (.success, _): "accepted"
        case (_, .notSent): "not sent"
        case (_, .unknown): "unknown"
        case (.permanent, _): "refused"
        case (.transient, _): "failed"
        }
    }
}
