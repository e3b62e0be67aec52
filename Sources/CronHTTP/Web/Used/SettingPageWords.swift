/// How the pages speak of one kind of setting.
struct SettingPageWords: Sendable {
    let list: LocalPath
    let title: String
    let noun: String
    let about: String
    /// What comes of trying it out.
    let aboutTest: String
    /// What comes of deleting it.
    let aboutDelete: String

    static let connection = SettingPageWords(
        list: .connections, title: "Connections", noun: "connection",
        about: "Databases that SQL actions use by name. Passwords are never shown again.",
        aboutTest: "Test connects and looks; nothing that lasts comes of it.",
        aboutDelete: "SQL actions may name it. Attempts of jobs that still do fail and say so. This cannot be undone.")

    static let channel = SettingPageWords(
        list: .channels, title: "Channels", noun: "channel",
        about:
            "Where messages go: alert actions name them, and so do the alerts of jobs. Keys, and URLs that are keys, are never "
            + "shown again.",
        aboutTest: "Test sends a real message; where a channel has recipients, to the first of them.",
        aboutDelete:
            "Alert actions and the alerts of jobs may name it. Attempts of jobs that still do fail and say so. "
            + "This cannot be undone.")
}

extension LocalPath {
    static let connections = LocalPath("/settings/connections") ?? .home
    static let channels = LocalPath("/settings/channels") ?? .home
    static let secrets = LocalPath("/settings/secrets") ?? .home
    static let jobTypes = LocalPath("/settings/job-types") ?? .home
}
