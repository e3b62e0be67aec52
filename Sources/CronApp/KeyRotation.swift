import CronEngine
import CronModel
import CronSchedule
import CronStoreSQLite

/// `cronpp rotate-keys`: seals the data keys of all spaces with the encryption key in use.
package struct KeyRotation: Sendable {
    private let config: AppConfig

    package init(config: AppConfig) {
        self.config = config
    }

    /// - Returns: how many data keys were sealed anew, of how many.
    /// - Throws: `ConfigError`.
    package func run() async throws(ConfigError) -> (changed: Int, all: Int) {
        let keys = try Keys(config, DataDirectory(path: config.dataDirectory))
        let logger = App.logger(config.logLevel)
        let clock = SystemClock()
        let coordination = Coordination(redis: nil, clock: clock, logger: logger)
        let wait = StoreWait(isShared: config.database.isShared, clock: clock, logger: logger)
        let store = try await App.open(config, clock, locks: coordination.locks, wait)
        do throws(StoreError) {
            let answer = try await Vault(store: store, ring: keys.ring).rotate()
            await store.close()
            return answer
        } catch {
            await store.close()
            throw ConfigError(error.text)
        }
    }
}
