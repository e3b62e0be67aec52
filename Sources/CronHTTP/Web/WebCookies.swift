import CronModel
import CronSchedule
import HTTPTypes

/// The cookies of the web interface. Over TLS their names begin with `__Host-`, which browsers take only from this very
/// host, with `Secure`.
enum WebCookie: String, CaseIterable, Sendable {
    case session = "cronpp_session"
    /// What the next page has to tell.
    case flash = "cronpp_flash"
    case theme = "cronpp_theme"
    case zone = "cronpp_zone"
    /// The browser's own zone, written by its script.
    case browserZone = "cronpp_browser_zone"

    static let choiceLife = Span.days(365)
    static let flashLife = Span.minutes(1)
    private static let hostPrefix = "__Host-"

    func name(isSecure: Bool) -> String {
        isSecure && self != .browserZone ? Self.hostPrefix + rawValue : rawValue
    }

    /// - Parameter value: characters of cookies only; nil removes it.
    func field(_ value: String?, life: Span, isSecure: Bool) -> HTTPField {
        let age = value == nil ? 0 : life.microseconds / 1_000_000
        let parts = [
            "\(name(isSecure: isSecure))=\(value ?? "")", "Path=/", "Max-Age=\(age)", "HttpOnly", "SameSite=Lax",
        ]
        return HTTPField(
            name: .setCookie, value: (parts + (isSecure ? ["Secure"] : [])).joined(separator: "; "))
    }
}

/// The cookies that a request came with.
struct RequestCookies: Sendable {
    private let isSecure: Bool
    private var values: [String: String] = [:]
    /// Names that came with several values: somebody else may have set one of them, so none is believed.
    private var ambiguous: Set<String> = []

    init(_ headers: HTTPFields, isSecure: Bool) {
        self.isSecure = isSecure
        for pair in headers[values: .cookie].joined(separator: ";").split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let name = parts[0].trimmingPrefix(" ")
            if let known = values.updateValue(String(parts[1]), forKey: String(name)), known != parts[1] {
                ambiguous.insert(String(name))
            }
        }
    }

    subscript(cookie: WebCookie) -> String? {
        let name = cookie.name(isSecure: isSecure)
        return ambiguous.contains(name) ? nil : values[name]
    }
}
