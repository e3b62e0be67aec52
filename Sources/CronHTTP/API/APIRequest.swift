import CronEngine
import CronModel
import Crypto
import HTTPTypes
import Hummingbird
import NIOCore

enum RequestBodyLimit {
    static let bytes = 1 << 20
}

/// A request as handlers see it. What a handler does not ask for is not read.
struct APIRequest: Sendable {
    let http: Request
    let context: APIContext
    /// Nil only on routes that are open to everybody.
    let signedIn: SignedIn?

    /// Whose things the request is about.
    var owner: UserID { get throws(Problem) { try access.user.space } }

    /// Who acts, and what they may.
    var actor: Actor {
        get throws(Problem) {
            let access = try access
            var actor = caller.actor(access.user, key: access.key)
            actor.permissions = Permission.all.filter(access.allows)
            return actor
        }
    }

    var caller: Caller { Caller(address: context.address, requestID: context.requestID) }

    /// A sign-in, not a key.
    var session: SignedIn {
        get throws(Problem) {
            let access = try access
            guard access.session != nil else {
                throw Problem(.forbidden, "an API key may not do this; sign in with a password")
            }
            return access
        }
    }

    var access: SignedIn {
        get throws(Problem) {
            guard let signedIn else { throw .unauthenticated }
            return signedIn
        }
    }

    /// An id in the path. One that cannot be read names nothing, like one that is foreign.
    func id<Kind>(_ name: String = "id", of kind: Kind.Type = Kind.self) throws(Problem) -> Identifier<Kind> {
        guard let id = context.parameters.get(name).flatMap({ Identifier<Kind>($0) }) else { throw .notFound }
        return id
    }

    /// Text in the path, percent-decoded.
    func text(_ name: String) throws(Problem) -> String {
        guard let text = context.parameters.get(name).flatMap({ PercentText.decoded($0[...], plusIsBlank: false) })
        else {
            throw .notFound
        }
        return text
    }

    var query: QueryReader { QueryReader(http.uri.query ?? "") }
}

// MARK: - Body

extension APIRequest {
    func bytes() async throws -> [UInt8] {
        var buffer = try await http.body.collect(upTo: RequestBodyLimit.bytes)
        return buffer.readBytes(length: buffer.readableBytes) ?? []
    }

    func json() async throws -> JSONValue { try json(of: try await bytes()) }

    /// Nil for an empty body.
    func optionalJSON() async throws -> JSONValue? { try optionalJSON(of: try await bytes()) }

    func optionalJSON(of bytes: [UInt8]) throws(Problem) -> JSONValue? { bytes.isEmpty ? nil : try json(of: bytes) }

    func json(of bytes: [UInt8]) throws(Problem) -> JSONValue {
        try checkContentType()
        guard !bytes.isEmpty else { throw Problem(.malformedJSON, "the body is empty; JSON is expected") }
        do {
            return try JSONReader.read(bytes)
        } catch {
            throw Problem(.malformedJSON, "\(error.message) (byte \(error.position))")
        }
    }

    /// A client that names no type is taken at its word's absence; one that names another type is refused.
    private func checkContentType() throws(Problem) {
        guard let header = http.headers[.contentType] else { return }
        let type = header.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard type == "application/json" || type == "application/merge-patch+json" else {
            throw Problem(.unsupportedMediaType, "send application/json, not \"\(type.prefix(80))\"")
        }
    }
}

// MARK: - Headers

extension APIRequest {
    /// Of a version, more than there will ever be.
    private static let versionDigits = 18

    /// What a change by name depends on.
    var precondition: Precondition {
        get throws(Problem) {
            if http.headers[.ifMatch] == "*" { return .exists }
            return try ifMatch.map { .version($0) } ?? .none
        }
    }

    /// The version that the change depends on; nil when it depends on none.
    var ifMatch: Int64? {
        get throws(Problem) {
            guard let header = http.headers[.ifMatch], header != "*" else { return nil }
            let text =
                header.hasPrefix("\"") && header.hasSuffix("\"") && header.count > 2
                ? String(header.dropFirst().dropLast()) : header
            guard text.utf8.count <= Self.versionDigits, let version = Int64(text), version > 0, "\(version)" == text
            else {
                throw .invalid("If-Match", "must be one ETag as a job's answer carries it, such as \"3\"")
            }
            return version
        }
    }

    /// - Parameter what: what the path says of the request, which its body does not.
    func idempotencyKey(body: [UInt8], _ what: String = "") throws(Problem) -> IdempotencyKey? {
        guard let key = http.headers[.idempotencyKey] else { return nil }
        guard (1...IdempotencyKey.lengthLimit).contains(key.utf8.count) else {
            throw .invalid("Idempotency-Key", "must have 1 to \(IdempotencyKey.lengthLimit) bytes")
        }
        guard key.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .invalid("Idempotency-Key", "must be printable ASCII")
        }
        return IdempotencyKey(key: key, bodyDigest: Array(SHA256.hash(data: Array(what.utf8) + body)))
    }
}
