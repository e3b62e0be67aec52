import CronEngine
import CronModel

/// What jobs use, each kind by its control: one for the API and the pages.
struct UsedControls: Sendable {
    let secrets: SecretControl
    let types: JobTypeControl
    /// Nil: there are none.
    let connections: SettingControl?
    let channels: SettingControl?

    init(_ settings: HTTPSettings, store: any Store, vault: Vault, actions: ActionRegistry, jobs: JobControl) {
        secrets = SecretControl(store: store, vault: vault)
        types = JobTypeControl(store: store, actions: actions, jobs: jobs)
        connections = settings.connections.map { SettingControl($0, store: store, vault: vault) }
        channels = settings.channels.map { SettingControl($0, store: store, vault: vault) }
    }
}
