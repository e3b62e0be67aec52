import CronModel
import CronSchedule

/// What stands around every page. Templates find it as `layout`.
struct LayoutView: Sendable {
    let title: String
    /// Where files are served.
    let assets: String
    let theme: String
    let themes: [ChoiceView]
    let zones: [ChoiceView]
    /// The zone that times are shown in, as far as it is one.
    let zoneNote: String
    /// For a script that tells the browser's own.
    let zoneChoice: String
    /// For a script that lets distances in time go on.
    let now: String
    /// Where the page's stream of events begins.
    let lastEvent: String
    /// Milliseconds between questions besides it; nil where there need not be any.
    let askEvery: String?
    let nav: [NavView]
    let visitor: VisitorView?
    let flash: FlashView?
    /// For every form of the session.
    let formToken: String
    /// Makes a form of this very page count once.
    let once: String
    /// The page's own address, to come back to.
    let here: String

    init(
        _ page: WebPage, _ flash: Flash?, _ counts: [WebSection: String], for request: WebRequest, assets: String,
        formToken: String, live: WebLive, now: Instant
    ) {
        lastEvent = request.lastEvent
        askEvery = live.isComplete ? nil : "\(WebLive.askEvery.microseconds / 1_000)"
        self.now = now.description
        title = page.title
        self.assets = assets
        theme = request.choices.theme.rawValue
        themes = WebChoices.Theme.allCases.map { ChoiceView($0.rawValue, $0.label, isChosen: $0 == request.choices.theme) }
        zones = WebChoices.Zone.allCases.map { ChoiceView($0.rawValue, $0.label, isChosen: $0 == request.choices.zone) }
        zoneNote = request.choices.zone == .job ? "each job's zone" : request.choices.zone(job: "UTC")
        zoneChoice = request.choices.zone.rawValue
        nav = request.visitor == nil ? [] : WebSection.allCases.map { NavView($0, counts[$0], isHere: $0 == page.section) }
        visitor = request.visitor.map(VisitorView.init)
        self.flash = flash.map(FlashView.init)
        self.formToken = formToken
        once = request.context.requestID
        here = request.here.text
    }
}

struct NavView: Sendable {
    let name: String
    let path: String
    let title: String
    let key: String
    let count: String?
    let isHere: Bool

    init(_ section: WebSection, _ count: String?, isHere: Bool) {
        name = section.rawValue
        path = section.path
        title = section.title
        key = section.key
        self.count = count
        self.isHere = isHere
    }
}

struct VisitorView: Sendable {
    let email: String
    let role: String

    init(_ visitor: SignedIn) {
        email = visitor.user.email
        role = visitor.user.role.rawValue
    }
}

struct FlashView: Sendable {
    let text: String
    let undo: String?

    init(_ flash: Flash) {
        text = flash.text
        undo = flash.undo?.text
    }
}

/// One of several values of a field.
struct ChoiceView: Sendable {
    let value: String
    let label: String
    let isChosen: Bool

    init(_ value: String, _ label: String, isChosen: Bool) {
        self.value = value
        self.label = label
        self.isChosen = isChosen
    }
}

extension WebChoices.Theme {
    fileprivate var label: String {
        switch self {
        case .auto: "Auto"
        case .light: "Light"
        case .dark: "Dark"
        }
    }
}

extension WebChoices.Zone {
    fileprivate var label: String {
        switch self {
        case .mine: "Mine"
        case .job: "Job’s"
        case .utc: "UTC"
        }
    }
}
