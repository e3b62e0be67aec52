import CronModel
import HTTPTypes
import Hummingbird

/// What a handler of the web interface answers with.
enum WebReply: Sendable {
    case page(WebPage)
    /// After a form: the next page is read anew, so that going back or reloading repeats nothing.
    case seeOther(LocalPath, Flash? = nil, cookies: [HTTPField] = [])
    case response(Response)
}

/// A page as its handler gives it: a template and the value that it shows.
struct WebPage: Sendable {
    let title: String
    /// Its name in `Templates`.
    let template: String
    /// Found in templates as `page`.
    let view: any Sendable
    /// The parts that may be asked for alone; each is a template of that name.
    var regions: [String] = []
    /// The page of the navigation that it belongs to.
    var section: WebSection?
    var status = HTTPResponse.Status.ok
    var headers: HTTPFields = [:]
}

/// The pages of the navigation, in its order.
enum WebSection: String, CaseIterable, Sendable {
    case now
    case jobs
    case runs
    case calendar
    case dead
    case cluster
    case settings

    var title: String {
        switch self {
        case .now: "Now"
        case .jobs: "Jobs"
        case .runs: "Runs"
        case .calendar: "Calendar"
        case .dead: "Dead letters"
        case .cluster: "Cluster"
        case .settings: "Settings"
        }
    }

    var path: String {
        switch self {
        case .now: "/"
        case .jobs: "/jobs"
        case .runs: "/runs"
        case .calendar: "/calendar"
        case .dead: "/dead"
        case .cluster: "/cluster"
        case .settings: "/settings"
        }
    }

    /// What is pressed after `g` to go there.
    var key: String {
        switch self {
        case .now: "n"
        case .jobs: "j"
        case .runs: "r"
        case .calendar: "c"
        case .dead: "d"
        case .cluster: "k"
        case .settings: "s"
        }
    }
}

/// What the next page tells of the form that led to it.
struct Flash: Hashable, Sendable {
    static let longest = 1_024

    let text: String
    /// Where a form takes it back.
    var undo: LocalPath?

    init(_ text: String, undo: LocalPath? = nil) {
        self.text = text
        self.undo = undo
    }

    /// As a cookie: sealed, since other pages of a domain may set cookies here.
    func cookie(_ keys: WebKeys) -> String {
        let json = JSONValue.object(["text": .string(text), "undo": .text(undo?.text)])
        let value = Base64.url.text(JSONWriter.bytes(json))
        return "\(value).\(keys.seal(value, for: .flash))"
    }

    init?(cookie: String, _ keys: WebKeys) {
        let parts = cookie.split(separator: ".")
        guard cookie.utf8.count <= 4 * Self.longest, parts.count == 2,
            keys.isSeal(parts[1], of: String(parts[0]), for: .flash),
            let bytes = Base64.url.bytes(parts[0]), let json = try? JSONReader.read(bytes),
            let text = json["text"]?.stringValue
        else { return nil }
        self.init(text, undo: json["undo"]?.stringValue.flatMap { LocalPath($0) })
    }
}
