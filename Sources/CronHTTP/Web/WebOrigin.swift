import HTTPTypes
import Hummingbird

/// Whether a request comes from a page of ours. Browsers say so by `Sec-Fetch-Site`, but not over plain HTTP to other
/// hosts than this machine: then by `Origin`. What says neither is no form of ours.
struct WebOrigin: Sendable {
    /// Where people reach this server, if the operator has said so: a proxy may have changed `Host`.
    let publicAuthority: String?

    init(publicURL: String?) {
        publicAuthority = publicURL.flatMap { Self.authority(of: $0) }
    }

    func isOurs(_ request: Request) -> Bool {
        if let site = request.headers[.secFetchSite] { return site == "same-origin" || site == "none" }
        guard let origin = request.headers[.origin].flatMap({ Self.authority(of: $0) }) else { return false }
        return origin == request.head.authority?.lowercased() || origin == publicAuthority
    }

    /// Host and port of an http or https URL, in lower case; nil for `null` and the like.
    private static func authority(of url: String) -> String? {
        let url = url.lowercased()
        for scheme in ["http://", "https://"] where url.hasPrefix(scheme) {
            let authority = url.dropFirst(scheme.count).prefix { $0 != "/" }
            return authority.isEmpty ? nil : String(authority)
        }
        return nil
    }
}

extension HTTPField.Name {
    static let secFetchSite = known("Sec-Fetch-Site")
}
