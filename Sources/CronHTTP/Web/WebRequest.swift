import CronModel
import HTTPTypes
import Hummingbird

/// A request as page handlers see it.
struct WebRequest: Sendable {
    /// Asks for one region of the page instead of all of it.
    static let fragmentType = "text/vnd.cronpp.fragment"

    let base: APIRequest
    let session: WebSession?
    let cookies: RequestCookies
    let choices: WebChoices
    /// The newest event before anything was read for the answer.
    let lastEvent: String
    /// What was sent with a method that may change something; empty otherwise.
    var form: FormFields

    var http: Request { base.http }
    var context: APIContext { base.context }
    var visitor: SignedIn? { base.signedIn }
    var isSecure: Bool { base.context.isSecure }
    var query: QueryReader { base.query }

    /// The region that is asked for, if only one is.
    var region: String? { wants(Self.fragmentType) ? http.headers[.cronppRegion] ?? "" : nil }

    /// Whether nobody looks at a page: where others are sent to sign in, this is told.
    var isByScript: Bool { wants(Self.fragmentType) || wants("text/event-stream") }

    private func wants(_ type: String) -> Bool { http.headers[.accept]?.hasPrefix(type) == true }

    /// Its own address, to come back to.
    var here: LocalPath { LocalPath(http.uri.string) ?? .home }

    /// Where a form wants to go on to.
    func next(else path: LocalPath) -> LocalPath { form["_next"].flatMap { LocalPath($0) } ?? path }

    func may(_ level: Permission.Level) -> Bool { visitor?.allows(Permission(.jobs, level)) ?? false }

    /// Makes a button count once, however often it is pressed on one page.
    /// - Parameter what: what it does, and to what.
    func once(_ what: String) throws(Problem) -> IdempotencyKey? {
        guard let once = form["_once"] else { return nil }
        guard (1...RequestIdentity.longest).contains(once.utf8.count),
            once.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .invalid("_once", "is not what the page had") }
        return IdempotencyKey(key: "web \(once) \(what)", bodyDigest: WebKeys.digest(what))
    }
}

extension HTTPField.Name {
    static let cronppRegion = known("Cronpp-Region")
    /// What the page's status line is to say, percent-encoded.
    static let cronppFlash = known("Cronpp-Flash")
}
