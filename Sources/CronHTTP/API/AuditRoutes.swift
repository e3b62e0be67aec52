import CronModel
import CronSchedule
import Hummingbird

/// The audit log of a space: for its admins.
struct AuditRoutes: Sendable {
    let store: any Store

    @Sendable func list(_ request: APIRequest) async throws -> Response {
        var query = AuditQuery(space: try request.owner)
        var reader = request.query
        query.target = reader.string("target")
        query.from = reader.instant("from")
        query.to = reader.instant("to")
        (query.limit, query.after, query.descending) = reader.page()
        try reader.finish()
        return Answer.page(try await store.audit(query), \.json)
    }

    /// Everything, a line of JSON for each record, oldest first, as it was when the export began.
    @Sendable func export(_ request: APIRequest) async throws -> Response {
        var query = AuditQuery(space: try request.owner)
        var reader = request.query
        try reader.finish()
        query.limit = PageLimit.most
        query.to = store.clock.now
        let first = try await store.audit(query)
        let body = ResponseBody { [store, query] writer in
            var query = query
            var page = first
            while true {
                var lines = ByteBuffer()
                for record in page.items { lines.writeBytes(JSONWriter.bytes(record.json) + [UInt8(ascii: "\n")]) }
                try await writer.write(lines)
                guard let next = page.next else { break }
                query.after = next
                page = try await store.audit(query)
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/x-ndjson", .contentDisposition: "attachment; filename=\"audit.ndjson\"",
            ], body: body)
    }
}

extension AuditRecord {
    /// `entry` is the very text that the hash was made of; the other members repeat what it says.
    var json: JSONValue {
        var members = JSONValue(text: text)?.objectValue ?? [:]
        members["sequence"] = .integer(sequence)
        members["at"] = .string(at.description)
        members["hash"] = .string(hash.map { String($0 >> 4, radix: 16) + String($0 & 0xF, radix: 16) }.joined())
        members["entry"] = .string(text)
        return .object(members)
    }
}
