import Foundation

/// The directory that the operator has set aside for SQLite files of users. A user who could name any file could read this
/// node's own store, or write over what is not a database.
package struct SQLFiles: Hashable, Sendable {
    /// With links resolved.
    private let directory: String

    /// Nil when there is no such directory.
    package init?(directory: String) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            return nil
        }
        self.directory = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
    }

    /// Of files that SQLite keeps beside a database: who could write into one would spoil another's.
    private static let companions = ["-journal", "-shm", "-wal"]

    /// Why a file may not be used; nil when it may.
    func problem(of name: String) -> String? {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
            default: false
            }
        }
        guard isPlain, !name.hasPrefix("."), !name.isEmpty else {
            return "must be the name of a file in the operator's directory: letters, digits, \"_\", \"-\" and \".\""
        }
        if let companion = Self.companions.first(where: name.lowercased().hasSuffix) {
            return "must be a database; a file that ends in \"\(companion)\" is a part of one"
        }
        return path(of: name) == nil ? "there is no database file \"\(name)\" in the operator's directory" : nil
    }

    /// Where the file is; nil when there is none, or when it leads out of the directory.
    func path(of name: String) -> String? {
        let path = "\(directory)/\(name)"
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue,
            URL(fileURLWithPath: path).resolvingSymlinksInPath().path == path
        else { return nil }
        return path
    }
}
