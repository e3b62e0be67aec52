import CronModel
import CronSchedule
import HTTPTypes

/// How somebody wants pages to look, kept in cookies of the browser.
struct WebChoices: Hashable, Sendable {
    enum Theme: String, CaseIterable, Sendable {
        case auto
        case light
        case dark
    }

    /// Whose time zone times are shown in.
    enum Zone: String, CaseIterable, Sendable {
        /// The browser's, once its script has told it; until then UTC.
        case mine
        case job
        case utc
    }

    var theme = Theme.auto
    var zone = Zone.mine
    /// An id of this machine's catalogue.
    var browserZone: String?

    init() {}

    init(_ cookies: RequestCookies) {
        theme = cookies[.theme].flatMap { Theme(rawValue: $0) } ?? theme
        zone = cookies[.zone].flatMap { Zone(rawValue: $0) } ?? zone
        browserZone = cookies[.browserZone].flatMap { ZoneCatalog.exists($0) ? $0 : nil }
    }

    /// The zone to show a time in.
    /// - Parameter job: that of the job which the time is about.
    func zone(job: String) -> String {
        switch zone {
        case .mine: browserZone ?? "UTC"
        case .job: job
        case .utc: "UTC"
        }
    }
}
