import Foundation

/// Certificates in a file of their own, because libpq reads them from nowhere else.
struct RootFile {
    let path: String

    init(_ certificates: String) throws {
        path = NSTemporaryDirectory() + "/cronpp-roots-\(UUID().uuidString).pem"
        try Data(certificates.utf8).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
