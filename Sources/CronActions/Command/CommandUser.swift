#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An account of this machine that a program runs as in place of the node's.
struct CommandUser: Hashable, Sendable {
    let name: String
    let id: uid_t
    let group: gid_t
    /// All its groups.
    let groups: [gid_t]
    let home: String

    enum Refusal: Error, Hashable {
        case unknown
        /// The node is somebody else and not root, so it may not become this account.
        case notRoot
        /// Whoever knows the accounts did not answer.
        case unavailable(errno: Int32)
    }

    /// Nil when the node runs as that account already. Blocks its thread: accounts may be kept by another machine.
    /// - Parameter node: whom the node runs as.
    static func find(_ name: String, from node: uid_t = geteuid()) throws(Refusal) -> CommandUser? {
        let found = try entry(name)
        if found.id == node { return nil }
        guard node == 0 else { throw .notRoot }
        return found
    }

    /// Longest line of an account; with this much room none has been seen to be too long.
    private static let bufferBytes = 65_536
    private static let mostGroups = 4_096

    private static func entry(_ name: String) throws(Refusal) -> CommandUser {
        var failure: Int32 = 0
        let user = withUnsafeTemporaryAllocation(of: CChar.self, capacity: bufferBytes) { buffer -> CommandUser? in
            guard let start = buffer.baseAddress else { return nil }
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            failure = getpwnam_r(name, &entry, start, buffer.count, &found)
            guard found != nil, let home = entry.pw_dir else { return nil }
            return CommandUser(
                name: name, id: entry.pw_uid, group: entry.pw_gid, groups: groups(of: name, entry.pw_gid),
                home: String(cString: home))
        }
        if let user { return user }
        // Some say "none" by an error (getpwnam(3)).
        guard [0, ENOENT, ESRCH].contains(failure) else { throw .unavailable(errno: failure) }
        throw .unknown
    }

    private static func groups(of name: String, _ group: gid_t) -> [gid_t] {
        var count = Int32(mostGroups)
        #if canImport(Glibc)
            var list = [gid_t](repeating: 0, count: mostGroups)
            guard getgrouplist(name, group, &list, &count) >= 0 else { return [group] }
            return Array(list.prefix(Int(count)))
        #else
            var list = [Int32](repeating: 0, count: mostGroups)
            guard getgrouplist(name, Int32(bitPattern: group), &list, &count) >= 0 else { return [group] }
            return list.prefix(Int(count)).map { gid_t(bitPattern: $0) }
        #endif
    }
}
