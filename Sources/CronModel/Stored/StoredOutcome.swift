package import CronSchedule

/// An outcome as stores keep it: what every attempt has as one number, what few have as a JSON text.
extension Outcome {
    private static let kinds = Kind.allCases
    private static let verdicts: [Verdict] = [.success, .transient, .permanent]
    private static let reaches: [Reach] = [.nothingSent, .maybeSent, .answered]

    /// Kind, verdict and reach: bits 0 to 7, 8 to 11 and 12 to 15.
    package var storedCode: Int64 {
        let kind = Self.kinds.firstIndex(of: kind) ?? 0
        let verdict = Self.verdicts.firstIndex(of: verdict) ?? 0
        let reach = Self.reaches.firstIndex(of: reach) ?? 0
        return Int64(kind | verdict << 8 | reach << 12)
    }

    /// Nil when `storedCode` says it all.
    package var storedDetail: String? {
        var members: [String: JSONValue] = [:]
        members["http_status"] = httpStatus.map { .integer(Int64($0)) }
        members["rows"] = rows.map { .integer(Int64($0)) }
        members["exit_code"] = exitCode.map { .integer(Int64($0)) }
        members["error"] = error.map { .string(Self.storable($0, limitBytes: Self.errorLimitBytes)) }
        members["output"] = output.map { .string(Self.storable($0, limitBytes: Self.outputLimitBytes)) }
        members["truncated"] = outputTruncated ? .bool(true) : nil
        members["retry_after"] = retryAfter.map { .integer($0.microseconds) }
        members["disables_job"] = disablesJob ? .bool(true) : nil
        members["tombstone"] = hasTombstone ? .bool(true) : nil
        members["table"] = isTable ? .bool(true) : nil
        // Not cut: a part of it would say something else.
        members["progress"] = progress.flatMap { $0.utf8.count <= Self.progressLimitBytes ? .string($0) : nil }
        return members.isEmpty ? nil : JSONWriter.text(.object(members))
    }

    package init(storedCode code: Int64, detail text: String?) {
        self.init(
            kind: Self.kinds[min(Int(code & 0xFF), Self.kinds.count - 1)],
            verdict: Self.verdicts[min(Int(code >> 8 & 0xF), Self.verdicts.count - 1)],
            reach: Self.reaches[min(Int(code >> 12 & 0xF), Self.reaches.count - 1)])
        guard let detail = text.flatMap({ JSONValue(text: $0) }) else { return }
        httpStatus = detail["http_status"]?.integerValue.map { Int($0) }
        rows = detail["rows"]?.integerValue.map { Int($0) }
        exitCode = detail["exit_code"]?.integerValue.map { Int($0) }
        error = detail["error"]?.stringValue
        output = detail["output"]?.stringValue
        outputTruncated = detail["truncated"]?.boolValue ?? false
        retryAfter = detail["retry_after"]?.integerValue.map { Span(microseconds: $0) }
        disablesJob = detail["disables_job"]?.boolValue ?? false
        hasTombstone = detail["tombstone"]?.boolValue ?? false
        isTable = detail["table"]?.boolValue ?? false
        progress = detail["progress"]?.stringValue
    }

    /// No database keeps U+0000 in its text; a receiver may send it all the same.
    private static func storable(_ text: String, limitBytes: Int) -> String {
        let clipped =
            text.utf8.count <= limitBytes ? text : String(decoding: text.utf8.prefix(limitBytes), as: UTF8.self)
        return clipped.utf8.contains(0) ? clipped.replacing("\u{0}", with: "\u{FFFD}") : clipped
    }
}
