import CronModel

/// A webhook's address in one spelling, taken apart here so that what was checked is what is dialled.
struct WebhookURL: Hashable, Sendable {
    static let maxBytes = 2_048

    /// What a connection is made for.
    struct Origin: Hashable, Sendable {
        let isSecure: Bool
        let host: HostLiteral
        let port: Int
    }

    let origin: Origin
    /// Path and query, never empty, without fragment.
    let target: String

    struct Problem: Error, Hashable {
        let message: String
        var column: Int?
    }

    init(_ text: String) throws(Problem) {
        try Self.checkCharacters(text)
        guard let colon = text.firstRange(of: "://") else {
            throw Problem(message: "write a full URL such as https://example.com/hook")
        }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw Problem(message: "the scheme must be http or https, not \"\(scheme.prefix(40))\"", column: 1)
        }
        let isSecure = scheme == "https"
        let rest = text[colon.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let hostColumn = text.utf8.distance(from: text.startIndex, to: authority.startIndex) + 1
        guard !authority.contains("@") else {
            throw Problem(message: "a user name or password in the URL is refused; use a header", column: hostColumn)
        }
        let (hostText, portText) = Self.splitPort(authority)
        let host: HostLiteral
        do throws(HostLiteral.Problem) {
            host = try HostLiteral(String(hostText))
        } catch {
            throw Problem(message: error.message, column: hostColumn)
        }
        origin = Origin(isSecure: isSecure, host: host, port: try Self.port(portText, isSecure: isSecure))
        let target = rest[authority.endIndex...]
        self.target = target.hasPrefix("/") ? String(target) : "/\(target)"
    }

    /// The URL as it is requested.
    var text: String { "\(origin.isSecure ? "https" : "http")://\(authority)\(target)" }

    /// Host and port, for messages.
    var endpoint: String { "\(origin.host.text):\(origin.port)" }

    private var authority: String {
        origin.port == Self.defaultPort(isSecure: origin.isSecure) ? origin.host.text : endpoint
    }

    private static func defaultPort(isSecure: Bool) -> Int { isSecure ? 443 : 80 }

    private static func port(_ text: Substring?, isSecure: Bool) throws(Problem) -> Int {
        guard let text, !text.isEmpty else { return defaultPort(isSecure: isSecure) }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(text), port > 0 else {
            throw Problem(message: "the port must be a number from 1 to 65535")
        }
        return Int(port)
    }

    private static func splitPort(_ authority: Substring) -> (Substring, Substring?) {
        let afterHost =
            authority.hasPrefix("[") ? (authority.firstIndex(of: "]") ?? authority.startIndex) : authority.startIndex
        guard let colon = authority[afterHost...].firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static let allowed = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%".utf8)

    /// Everything outside the characters of RFC 3986 is refused rather than repaired: parsers repair differently, and an
    /// address hidden in the difference is the oldest way around a check.
    private static func checkCharacters(_ text: String) throws(Problem) {
        guard text.utf8.count <= maxBytes else { throw Problem(message: "the URL is longer than \(maxBytes) bytes") }
        for (index, byte) in text.utf8.enumerated() where !allowed.contains(byte) {
            throw Problem(message: "this character must be percent-encoded (a host: xn--…)", column: index + 1)
        }
    }
}

extension FieldReader {
    /// A URL that may be reached, as far as its text tells; nil when it is absent, or wrong, which is told.
    mutating func url(_ field: String, _ addresses: AddressGuard) -> WebhookURL? {
        guard let text = string(field, limit: WebhookURL.maxBytes) else { return nil }
        do throws(WebhookURL.Problem) {
            let url = try WebhookURL(text)
            if let refusal = addresses.refusal(of: url.origin.host) { refuse(field, refusal.message) }
            return url
        } catch {
            refuse(field, error.message, column: error.column)
            return nil
        }
    }

    mutating func requiredURL(_ field: String, _ addresses: AddressGuard) -> WebhookURL? {
        let url = url(field, addresses)
        if url == nil, value(field) == nil { refuse(field, "is required") }
        return url
    }
}
