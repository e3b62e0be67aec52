import ArgumentParser
import CronApp
import Foundation

/// `cronpp rotate-keys`: the second step of changing the encryption key.
struct RotateKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-keys", abstract: "Seal all data keys with the encryption key in use.",
        discussion: """
            To change ENCRYPTION_KEY: give all nodes the new key in ENCRYPTION_KEYS_ACCEPTED; then make it ENCRYPTION_KEY
            and move the old one to ENCRYPTION_KEYS_ACCEPTED; run this command with the same configuration; then drop the
            old one. Secrets stay as they are and nothing stops. On the embedded store the server must be stopped
            meanwhile.
            """)

    @Option(help: "YAML file with the same keys as for serve.") var config: String?
    @Option(help: "Where state lives, as for serve.") var databaseUrl: String?
    @Option(help: "Directory of the embedded store, as for serve.") var dataDir: String?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let flags: [ConfigKey: String?] = [.databaseURL: databaseUrl, .dataDir: dataDir]
        do {
            let config = try AppConfig(
                flags: flags.compactMapValues { $0 }, environment: environment,
                file: config ?? environment["CRONPP_CONFIG"])
            let (changed, all) = try await KeyRotation(config: config).run()
            print("sealed \(changed) of \(all) data keys anew")
        } catch {
            throw Failure(error.description)
        }
    }
}
