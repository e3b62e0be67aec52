import Foundation

/// Where a Redis is and how to sign in: `redis://USER:PASSWORD@HOST:PORT/DATABASE`, of which only the host is needed.
package struct RedisAddress: Hashable, Sendable {
    static let standardPort = 6_379
    static let lastDatabase = 65_535

    package let host: String
    package let port: Int
    package let database: Int
    let user: String?
    let password: String?

    /// - Throws: `Problem`, which never repeats a password.
    package init(_ text: String) throws(Problem) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        if scheme == "rediss" {
            // Debian builds hiredis (0.14) without its TLS part.
            throw Problem("\"rediss\" needs TLS, which this build's hiredis does not have; use redis:// in a tunnel")
        }
        guard scheme == "redis" else {
            // Whatever stands before the colon may be anything when the scheme was left out, a password too.
            throw Problem("must begin with redis://")
        }
        // The reader of the text answers nothing but nil: say what a valid one looks like.
        guard let parts = URLComponents(string: text), let named = parts.host, !named.isEmpty else {
            throw Problem("must be redis://USER:PASSWORD@HOST:PORT/DATABASE, with special characters written as %XX")
        }
        guard parts.query == nil, parts.fragment == nil else { throw Problem("must end after the database's number") }
        host = named.hasPrefix("[") ? String(named.dropFirst().dropLast()) : named
        port = parts.port ?? Self.standardPort
        guard (1...65_535).contains(port) else { throw Problem("the port is not in 1–65535") }
        database = try Self.database(parts.path)
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password.flatMap { $0.isEmpty ? nil : $0 }
        if user != nil, password == nil { throw Problem("names a user without a password") }
    }

    private static func database(_ path: String) throws(Problem) -> Int {
        let text = path.drop { $0 == "/" }
        guard !text.isEmpty else { return 0 }
        guard let number = Int(text), (0...lastDatabase).contains(number) else {
            throw Problem("the database is not a number in 0–\(lastDatabase)")
        }
        return number
    }

    /// Why a text is no address.
    package struct Problem: Error, Hashable, Sendable {
        package let message: String

        init(_ message: String) {
            self.message = message
        }
    }
}

extension RedisAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "redis \(host.contains(":") ? "[\(host)]" : host):\(port)" }
    package var debugDescription: String { description }
    /// Without the password, or `dump` would show it.
    package var customMirror: Mirror { Mirror(self, children: ["host": host, "port": port, "database": database]) }

    /// Channels are common to all databases of a server, clusters are not.
    func channel(_ name: String) -> String { "cronpp:\(name):\(database)" }

    /// What a server says, fit for a log: one short line, and without the password if it should come back in it.
    func quote(_ text: String) -> String {
        let clean = password.map { text.replacing($0, with: "…") } ?? text
        return String(clean.prefix(200).map { $0.isNewline || $0.asciiValue.map { $0 < 32 } == true ? "?" : $0 })
    }
}
