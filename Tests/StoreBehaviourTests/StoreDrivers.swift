import CronModel
import CronStoreSQLite
import CronTesting
import Foundation
import Testing

/// The stores that the suite holds to one behaviour: a new driver is one more line.
extension StoreDriver: CustomTestStringConvertible {
    static let allCases = [memory, sqlite]

    package var testDescription: String { name }

    static let sqlite = StoreDriver(name: "sqlite") { clock, seed in
        let directory = FileManager.default.temporaryDirectory.appending(path: "cronpp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = directory.appending(path: "s.sqlite").path
        return OpenedStore(
            store: try SQLiteStore.open(path: path, clock: clock, seed: seed),
            remove: { try? FileManager.default.removeItem(at: directory) })
    }
}

typealias Driver = StoreDriver
