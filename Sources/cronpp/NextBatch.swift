import CronSchedule
import Foundation

/// `next --batch`: one JSON line in, one JSON line out, in order.
struct NextBatch {
    private struct Line: Decodable {
        var id: BatchID?
        var expr: String
        var tz: String?
        var after: String?
        var count: Int?
        var job_id: String?
        var dialect: String?
        var dst_gap: String?
        var dst_fold: String?
    }

    func run() throws {
        while let text = readLine() {
            if text.allSatisfy(\.isWhitespace) { continue }
            Output.line(Output.json(answer(text)))
        }
    }

    private func answer(_ text: String) -> [String: Any] {
        let line: Line
        do {
            line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
        } catch {
            return ["id": NSNull(), "error": ["message": "not a JSON object of this form: \(describe(error))"]]
        }
        let id = line.id?.value ?? NSNull()
        let count = line.count ?? 10
        guard (0...NextCommand.countLimit).contains(count) else {
            let message = "count must be from 0 to \(NextCommand.countLimit)"
            return ["id": id, "error": ["message": message, "field": "count"]]
        }
        let query = NextQuery(
            expression: line.expr, zone: line.tz ?? "UTC", after: line.after, count: count, jobID: line.job_id,
            dialect: line.dialect ?? "cronpp", dstGap: line.dst_gap ?? "shift", dstFold: line.dst_fold ?? "first",
            allowPast: true)
        switch query.answer() {
        case .success(let answer): return ["id": id, "next": answer.instants.map(\.description)]
        case .failure(let error): return ["id": id, "error": Output.object(error)]
        }
    }

    private func describe(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" has the wrong type"
        default: "malformed JSON"
        }
    }
}

/// An id is given back as it came: text or a number.
private enum BatchID: Decodable {
    case text(String)
    case number(Int64)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    var value: Any {
        switch self {
        case .text(let text): text
        case .number(let number): number
        }
    }
}
