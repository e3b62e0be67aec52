import Foundation

/// The directory that holds the database and generated secrets: mode 0700, each secret 0600.
struct DataDirectory {
    let path: String

    init(path: String) throws(ConfigError) {
        self.path = path
        let manager = FileManager.default
        do {
            var isDirectory: ObjCBool = false
            if !manager.fileExists(atPath: path, isDirectory: &isDirectory) {
                try manager.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } else if !isDirectory.boolValue {
                throw ConfigError("DATA_DIR: \(path) is a file, not a directory")
            }
        } catch let error as ConfigError {
            throw error
        } catch {
            throw ConfigError("DATA_DIR: cannot create \(path): \(error.localizedDescription)")
        }
    }

    /// The secret in a file, made at the first call.
    /// - Parameter make: the text of a new secret.
    func secret(_ name: String, make: () -> String) throws(ConfigError) -> String {
        let file = path + "/" + name
        if let text = try? String(contentsOfFile: file, encoding: .utf8) {
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let text = make()
        // O_EXCL and the mode at creation: the secret is at no moment readable by others.
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else {
            throw ConfigError("DATA_DIR: cannot write \(file): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let bytes = Array((text + "\n").utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            unlink(file)
            throw ConfigError("DATA_DIR: cannot write \(file): \(String(cString: strerror(errno)))")
        }
        return text
    }

    func remove(_ name: String) { unlink(path + "/" + name) }

    static func randomBytes(_ count: Int) -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
