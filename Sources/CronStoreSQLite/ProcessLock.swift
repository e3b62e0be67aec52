import CronModel
import Foundation
import Glibc

/// The exclusive lock beside the database file: whoever holds it knows that no other process has runs of this store.
// The descriptor is set once; unlocking is the only use.
final class ProcessLock: Sendable {
    private let descriptor: Int32

    /// File systems that several machines may write at once, where a lock of this machine proves nothing.
    private static let networkFileSystems: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.ceph", "lustre", "gfs2", "ocfs2",
        "glusterfs",
        "fuse.glusterfs", "fuse.sshfs",
    ]

    /// - Throws: `unavailable` naming the path and the process that holds it.
    init(database path: String) throws(StoreError) {
        let file = path + ".lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unavailable("cannot open \(file): \(String(cString: strerror(errno)))")
        }
        if let type = Self.fileSystemType(of: file), Self.networkFileSystems.contains(type) {
            Glibc.close(descriptor)
            throw .unavailable("\(path) lies on a network file system (\(type)), whose locks SQLite cannot rely on")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? String(contentsOfFile: file, encoding: .utf8))?.trimmingCharacters(
                in: .whitespacesAndNewlines)
            Glibc.close(descriptor)
            let who = holder.flatMap { $0.isEmpty ? nil : " (pid \($0))" } ?? ""
            throw .unavailable("another process\(who) has \(path) open; one process may use an embedded store")
        }
        self.descriptor = descriptor
        ftruncate(descriptor, 0)
        let pid = Array("\(getpid())\n".utf8)
        pwrite(descriptor, pid, pid.count, 0)
    }

    func unlock() {
        ftruncate(descriptor, 0)
        // Closing alone would leave it to a child that has been forked and has not yet become another program.
        flock(descriptor, LOCK_UN)
        Glibc.close(descriptor)
    }

    /// The type of the file system that holds a file: of the longest mount point above it.
    private static func fileSystemType(of file: String) -> String? {
        guard let mounts = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) else { return nil }
        let real = URL(filePath: file).resolvingSymlinksInPath().path
        var best: (length: Int, type: String)?
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2 else { continue }
            let point = String(fields[1])
            let isAbove = point == "/" || real == point || real.hasPrefix(point + "/")
            if isAbove, point.count >= best?.length ?? 0 { best = (point.count, String(fields[2])) }
        }
        return best?.type
    }
}
