import CronModel
import CronSchedule
import Foundation

/// When a run that keeps failing would be tried again, drawn along time and told in words.
struct RetryCurveView: Sendable {
    /// Retries that are shown.
    static let most = 40

    let sentence: String
    let points: [Point]
    let ticks: [Tick]
    let hasRetries: Bool
    let isWrong: Bool
    let note: String?

    /// An attempt after the first, between the earliest and the latest moment that chance allows.
    struct Point: Sendable {
        let number: String
        let earliest: String
        let latest: String
        let left: String
        let right: String
        let width: String
        let isLast: Bool
    }

    struct Tick: Sendable {
        let at: String
        let label: String
    }

    /// - Parameter policy: nil while its fields are wrong.
    init(_ policy: RetryPolicy?) {
        guard let policy else {
            self.init(sentence: "The retries can be drawn when their fields are right.", isWrong: true)
            return
        }
        let (spans, isCut) = Self.spans(policy)
        guard let last = spans.last else {
            self.init(
                sentence: policy.maxRetries == 0
                    ? "A run that fails is not tried again."
                    : "The first wait is longer than the time to give up: no retry.")
            return
        }
        let scale = Scale(first: spans[0].late, last: last.late)
        let all = spans.count + 1
        let ending =
            isCut
            ? "The first \(spans.count) of \(policy.maxRetries) retries are shown."
            : "After attempt \(all) it is dead."
        self.init(
            sentence:
                "Up to \(isCut ? policy.maxRetries + 1 : all) attempts; number \(all) starts "
                + (last.early == last.late
                    ? DurationText.exact(last.late)
                    : "\(DurationText.exact(last.early)) to \(DurationText.exact(last.late))")
                + " after the first, besides the time that attempts take. \(ending)",
            points: spans.enumerated().map { index, span in
                let (left, right) = (scale.x(span.early), scale.x(span.late))
                return Point(
                    number: "\(index + 2)", earliest: DurationText.exact(span.early),
                    latest: DurationText.exact(span.late),
                    left: Self.text(left), right: Self.text(right), width: Self.text(max(2, right - left)),
                    isLast: index == spans.count - 1 && !isCut)
            }, ticks: scale.ticks,
            note: policy.maxElapsed.map {
                "No retry starts later than \(DurationText.exact($0)) after the first attempt."
            })
    }

    private init(
        sentence: String, points: [Point] = [], ticks: [Tick] = [], isWrong: Bool = false, note: String? = nil
    ) {
        self.sentence = sentence
        self.points = points
        self.ticks = ticks
        hasRetries = !points.isEmpty
        self.isWrong = isWrong
        self.note = note
    }

    /// When retries start at the earliest and at the latest, and whether there are more.
    private static func spans(_ policy: RetryPolicy) -> ([(early: Span, late: Span)], isCut: Bool) {
        var spans: [(early: Span, late: Span)] = []
        var (early, late) = (Span.zero, Span.zero)
        for failures in 1...(most + 1) {
            guard let soonest = policy.wait(afterFailures: failures, elapsed: early, asked: nil, random: 0) else {
                break
            }
            if spans.count == most { return (spans, true) }
            early = early + soonest
            // With bad luck the time to give up comes first: then this is its end.
            let slowest = policy.wait(afterFailures: failures, elapsed: .zero, asked: nil, random: 0.999_999) ?? soonest
            late = max(early, min(late + slowest, policy.maxElapsed ?? .days(36_600)))
            spans.append((early, late))
        }
        return (spans, false)
    }

    private static func text(_ x: Double) -> String { "\((x * 10).rounded() / 10)" }

    /// Waits grow by factors, and so does the axis.
    private struct Scale {
        static let left = 24.0
        static let width = 592.0

        let unit: Double
        let whole: Double

        init(first: Span, last: Span) {
            unit = max(1, Double(first.microseconds))
            whole = max(log1p(Double(last.microseconds) / unit), 0.000_001)
        }

        func x(_ span: Span) -> Double { Self.left + Self.width * log1p(Double(span.microseconds) / unit) / whole }

        var ticks: [Tick] {
            let steps: [(Span, String)] = [
                (.milliseconds(10), "10 ms"), (.milliseconds(100), "100 ms"), (.seconds(1), "1 s"),
                (.seconds(10), "10 s"),
                (.minutes(1), "1 m"), (.minutes(10), "10 m"), (.hours(1), "1 h"), (.hours(6), "6 h"), (.days(1), "1 d"),
                (.days(7), "7 d"), (.days(30), "30 d"), (.days(365), "365 d"),
            ]
            var ticks = [Tick(at: RetryCurveView.text(Self.left), label: "0")]
            var before = Self.left
            for (span, label) in steps {
                let place = x(span)
                guard place - before >= 44, place <= Self.left + Self.width else { continue }
                before = place
                ticks.append(Tick(at: RetryCurveView.text(place), label: label))
            }
            return ticks
        }
    }
}
