import CronModel
import CronSchedule
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that was started as the leader of a session, and all that it started, in whatever process groups (`timeout`
/// and a shell's `set -m` make new ones), unless it has begun a session of its own.
///
/// Only for as long as the leader has not been reaped: until then its id is nobody else's.
struct ProcessSession: Sendable {
    /// What the kernel may take to end what was killed.
    static let killPatience = Span.seconds(2)
    private static let firstPause = Span.milliseconds(5)
    private static let longestPause = Span.milliseconds(200)

    let leader: pid_t

    /// Ends what is left: asked first, and killed after the grace.
    /// - Returns: false when something is left all the same.
    func end(grace: Span) async -> Bool {
        _ = await isGone(within: grace, asking: SIGTERM, then: 0)
        // Also when nobody was seen: whoever was forked while the table was read, by somebody who ended meanwhile, was
        // not. A signal reaches all of the leader's group at once, and who is killed forks no more. At each look, since
        // others may have come to other groups.
        return await isGone(within: Self.killPatience, asking: SIGKILL, then: SIGKILL)
    }

    private func isGone(within limit: Span, asking first: Int32, then other: Int32) async -> Bool {
        // The looks take time too, much of it on a busy machine: adding up the pauses would not be enough.
        let countdown = Countdown(limit)
        defer { countdown.stop() }
        var (pause, signal) = (Self.firstPause, first)
        while await isLeft(signal) {
            guard !countdown.isOver else { return false }
            try? await Task.sleep(for: .microseconds(pause.microseconds))
            pause = min(pause + pause, Self.longestPause)
            signal = other
        }
        return true
    }

    /// Whether anything is left after all of it was sent the signal; 0 only looks.
    private func isLeft(_ signal: Int32) async -> Bool {
        let leader = leader
        let isLeft = try? await NIOThreadPool.singleton.runIfActive {
            kill(-leader, signal)
            guard let groups = ProcessTable.groups(ofSession: leader) else {
                // Who is left cannot be seen here, so nobody is waited for.
                kill(-leader, SIGKILL)
                return false
            }
            for group in groups where group != leader { kill(-group, signal) }
            return !groups.isEmpty
        }
        return isLeft ?? false
    }
}

/// The processes of this machine, as /proc shows them.
enum ProcessTable {
    /// The groups of a session that anybody in is alive; nil where there is no /proc.
    static func groups(ofSession session: pid_t) -> Set<pid_t>? {
        guard let directory = opendir("/proc") else { return nil }
        defer { closedir(directory) }
        var groups: Set<pid_t> = []
        var sawAny = false
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let id = pid_t(name), let process = status(of: id) else { continue }
            sawAny = true
            if process.session == session, process.isAlive { groups.insert(process.group) }
        }
        return sawAny ? groups : nil
    }

    private struct Status {
        let group: pid_t
        let session: pid_t
        let isAlive: Bool
    }

    private static let mostBytes = 1_024

    /// Nil when it has gone. The name, in brackets, may hold anything; all after it are numbers (proc(5)).
    private static func status(of id: pid_t) -> Status? {
        let file = open("/proc/\(id)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let line = withUnsafeTemporaryAllocation(byteCount: mostBytes, alignment: 1) { buffer in
            let count = read(file, buffer.baseAddress, buffer.count)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        guard let name = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: name)...].split(separator: " ")
        guard fields.count > 17, let group = pid_t(fields[2]), let session = pid_t(fields[3]) else { return nil }
        // Of a process whose first thread has ended the others may go on.
        let isAlive = fields[0] != "Z" && fields[0] != "X" || (Int(fields[17]) ?? 1) > 1
        return Status(group: group, session: session, isAlive: isAlive)
    }
}
