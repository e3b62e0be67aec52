import CronModel
import CronSchedule
import Foundation

/// An outcome as two columns: what every attempt has as one number, what few have as JSON.
enum OutcomeRow {
    private static let kinds = Outcome.Kind.allCases
    private static let verdicts: [Outcome.Verdict] = [.success, .transient, .permanent]
    private static let reaches: [Outcome.Reach] = [.nothingSent, .maybeSent, .answered]

    static func code(_ outcome: Outcome) -> Int64 {
        let kind = kinds.firstIndex(of: outcome.kind) ?? 0
        let verdict = verdicts.firstIndex(of: outcome.verdict) ?? 0
        let reach = reaches.firstIndex(of: outcome.reach) ?? 0
        return Int64(kind | verdict << 8 | reach << 12)
    }

    static func detail(_ outcome: Outcome) -> String? {
        var detail = Detail()
        detail.http_status = outcome.httpStatus
        detail.rows = outcome.rows
        detail.exit_code = outcome.exitCode
        detail.error = outcome.error.map { clipped($0, to: Outcome.errorLimitBytes) }
        detail.output = outcome.output
        detail.truncated = outcome.outputTruncated ? true : nil
        detail.retry_after = outcome.retryAfter?.microseconds
        detail.disables_job = outcome.disablesJob ? true : nil
        return detail == Detail() ? nil : JSONText.encode(detail)
    }

    static func outcome(code: Int64, detail text: String?) -> Outcome {
        let kind = kinds[min(Int(code & 0xFF), kinds.count - 1)]
        let verdict = verdicts[min(Int(code >> 8 & 0xF), verdicts.count - 1)]
        let reach = reaches[min(Int(code >> 12 & 0xF), reaches.count - 1)]
        var outcome = Outcome(kind: kind, verdict: verdict, reach: reach)
        guard let text, let detail = JSONText.decode(Detail.self, text) else { return outcome }
        outcome.httpStatus = detail.http_status
        outcome.rows = detail.rows
        outcome.exitCode = detail.exit_code
        outcome.error = detail.error
        outcome.output = detail.output
        outcome.outputTruncated = detail.truncated ?? false
        outcome.retryAfter = detail.retry_after.map { Span(microseconds: $0) }
        outcome.disablesJob = detail.disables_job ?? false
        return outcome
    }

    private static func clipped(_ text: String, to bytes: Int) -> String {
        text.utf8.count <= bytes ? text : String(decoding: text.utf8.prefix(bytes), as: UTF8.self)
    }

    private struct Detail: Codable, Equatable {
        var http_status: Int?
        var rows: Int?
        var exit_code: Int?
        var error: String?
        var output: String?
        var truncated: Bool?
        var retry_after: Int64?
        var disables_job: Bool?
    }
}

/// JSON in a text column.
enum JSONText {
    static func encode(_ value: some Encodable) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) -> Value? {
        try? JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
