import CronModel
import CronSchedule
import HTTPTypes

/// The pages of what jobs use: secrets, connections, channels and job types.
struct UsedPages: Sendable {
    let secrets: SecretPages
    let types: JobTypePages
    let connections: SettingPages?
    let channels: SettingPages?

    init(_ controls: UsedControls, clock: any EngineClock) {
        secrets = SecretPages(secrets: controls.secrets, clock: clock)
        types = JobTypePages(types: controls.types, clock: clock)
        connections = controls.connections.map { SettingPages(settings: $0, words: .connection, clock: clock) }
        channels = controls.channels.map { SettingPages(settings: $0, words: .channel, clock: clock) }
    }

    var routes: [WebRoute] {
        let ofSettings = [connections.map(Self.ofConnections), channels.map(Self.ofChannels)]
        return (ofSecrets + ofTypes + ofSettings.compactMap(\.self).flatMap(\.self)).map { $0.within(.settings) }
    }

    private static let deleteType = "/settings/job-types/{id}/delete"

    // What has a name is found by `?name=`: any word may be one, also that of a page.

    private var ofSecrets: [WebRoute] {
        [
            WebRoute(.get, "/settings/secrets", .settings(.read), secrets.list),
            WebRoute(.get, "/settings/secrets/new", .settings(.write), secrets.new),
            WebRoute(.post, "/settings/secrets/new", .settings(.write), secrets.create),
            WebRoute(.get, "/settings/secrets/edit", .settings(.write), secrets.edit),
            WebRoute(.post, "/settings/secrets/edit", .settings(.write), secrets.save),
            WebRoute(.post, "/settings/secrets/delete", .settings(.write), secrets.delete),
        ]
    }

    private var ofTypes: [WebRoute] {
        [
            WebRoute(.get, "/settings/job-types", .settings(.read), types.list),
            WebRoute(.get, "/settings/job-types/new", .settings(.write), types.new),
            WebRoute(.post, "/settings/job-types/new", .settings(.write), types.create),
            WebRoute(.get, "/settings/job-types/{id}", .settings(.read), types.show),
            WebRoute(.get, "/settings/job-types/{id}/edit", .settings(.write), types.edit),
            WebRoute(.post, "/settings/job-types/{id}/edit", .settings(.write), types.save),
            WebRoute(.post, Self.deleteType, .settings(.write), types.delete),
            // Where it was refused, the page stands at this address.
            WebRoute(.get, Self.deleteType, .settings(.read), types.back),
        ]
    }

    private static func ofConnections(_ pages: SettingPages) -> [WebRoute] {
        [
            WebRoute(.get, "/settings/connections", .settings(.read), pages.list),
            WebRoute(.get, "/settings/connections/new", .settings(.write), pages.new),
            WebRoute(.post, "/settings/connections/new", .settings(.write), pages.create),
            WebRoute(.get, "/settings/connections/edit", .settings(.write), pages.edit),
            WebRoute(.post, "/settings/connections/edit", .settings(.write), pages.save),
            WebRoute(.post, "/settings/connections/delete", .settings(.write), pages.delete),
        ]
    }

    private static func ofChannels(_ pages: SettingPages) -> [WebRoute] {
        [
            WebRoute(.get, "/settings/channels", .settings(.read), pages.list),
            WebRoute(.get, "/settings/channels/new", .settings(.write), pages.new),
            WebRoute(.post, "/settings/channels/new", .settings(.write), pages.create),
            WebRoute(.get, "/settings/channels/edit", .settings(.write), pages.edit),
            WebRoute(.post, "/settings/channels/edit", .settings(.write), pages.save),
            WebRoute(.post, "/settings/channels/delete", .settings(.write), pages.delete),
        ]
    }
}

extension WebRequest {
    var mayWriteSettings: Bool { visitor?.allows(Permission(.settings, .write)) ?? false }

    /// The name in the address.
    func settingName() throws(Problem) -> String {
        var reader = query
        let name = reader.string("name")
        _ = reader.string("type")
        try reader.finish()
        guard let name else { throw .invalid("name", "is required") }
        return name
    }
}

extension Problem {
    /// Whether somebody can mend it at the form: what was typed is wrong, or somebody else was faster.
    var isMendedAtForm: Bool { isAboutForm || kind == .versionMismatch }
}
