import CLibPQ
import Foundation
import Glibc
import Synchronization

/// What others may know of a connection, and do to it, without waiting for its thread.
final class Health: Sendable {
    private struct State {
        /// A descriptor of our own for the connection's socket: libpq closes its own when it likes, and the number may then
        /// be another's.
        var socket: Int32?
        var canceller: (Canceller, address: String)?
        var isAborted = false
        var isOver = false

        mutating func take(_ socket: Int32?) {
            if let old = self.socket { close(old) }
            self.socket = socket
        }

        func shutDown() {
            if let socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    private let tally: Tally
    /// Whose the connection is; nil for this process's own.
    private let owner: String?
    private let state = Mutex(State())

    init(tally: Tally = Tally(), owner: String? = nil) {
        self.tally = tally
        self.owner = owner
    }

    deinit { state.withLock { $0.take(nil) } }

    func sends(_ statements: Int) { tally.add(statements) }

    var isOver: Bool { state.withLock { $0.isOver } }
    /// Whether it is not to be opened any more.
    var isAborted: Bool { state.withLock { $0.isAborted } }

    /// A connection is being opened.
    func dials(_ socket: Int32) {
        state.withLock { state in
            let own = fcntl(socket, F_DUPFD_CLOEXEC, 0)
            state.take(own < 0 ? nil : own)
            if state.isAborted { state.shutDown() }
        }
    }

    /// Before the socket is closed: it stays open as long as a descriptor is.
    func hangUp() { state.withLock { $0.take(nil) } }

    /// The connection is open.
    func begin(_ handle: OpaquePointer?, socket: Int32) {
        let address = Peer.address(of: socket)
        state.withLock { $0.canceller = handle.map { (Canceller($0), address) } }
    }

    /// As `hangUp`, for good.
    func end() {
        state.withLock { state in
            state.isOver = true
            state.canceller = nil
            state.take(nil)
        }
    }

    /// Whoever waits for the connection, or for its being opened, finds it closed.
    func abort() {
        state.withLock { state in
            state.isAborted = true
            state.shutDown()
        }
    }

    /// By a connection of its own, which may take as long as the server likes: on a thread of its own. Where too many are
    /// under way nothing is asked, and the statement goes on to its own limit. What is not open yet is aborted.
    func cancel() {
        guard let (canceller, address) = state.withLock({ $0.canceller }) else { return abort() }
        guard Cancellations.all.begin(at: address, of: owner) else { return }
        Thread { [owner] in
            canceller.cancel()
            Cancellations.all.end(at: address, of: owner)
        }.start()
    }
}

/// Requests to cancel that are under way in this process. libpq waits until the server hangs up, for ever if it does not:
/// one of somebody else's could keep a thread and a socket for each statement that runs out of time.
final class Cancellations: Sendable {
    static let all = Cancellations()
    static let mostAtOneAddress = 4
    /// Of one owner, at all addresses: who has many must not use up everybody's.
    static let mostOfOneOwner = 8
    static let most = 128

    private struct State {
        var all = 0
        var byAddress: [String: Int] = [:]
        var byOwner: [String: Int] = [:]
    }

    private let underWay = Mutex(State())

    /// - Parameter owner: nil for this process itself.
    func begin(at address: String, of owner: String?) -> Bool {
        underWay.withLock { state in
            guard state.all < Self.most, state.byAddress[address, default: 0] < Self.mostAtOneAddress else { return false }
            if let owner {
                guard state.byOwner[owner, default: 0] < Self.mostOfOneOwner else { return false }
                state.byOwner[owner, default: 0] += 1
            }
            state.byAddress[address, default: 0] += 1
            state.all += 1
            return true
        }
    }

    func end(at address: String, of owner: String?) {
        underWay.withLock { state in
            state.all -= 1
            Self.takeOne(address, from: &state.byAddress)
            if let owner { Self.takeOne(owner, from: &state.byOwner) }
        }
    }

    private static func takeOne(_ key: String, from counts: inout [String: Int]) {
        let left = counts[key, default: 1] - 1
        counts[key] = left == 0 ? nil : left
    }
}

private enum Peer {
    /// Empty for a Unix socket.
    static func address(of socket: Int32) -> String {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var peer = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutablePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getpeername(socket, address, &length) == 0 && address.pointee.sa_family != sa_family_t(AF_UNIX)
                    && getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            }
        }
        return isKnown ? text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" } : ""
    }
}

/// How many statements were sent, by all connections of a pool: BEGIN and COMMIT too.
final class Tally: Sendable {
    private let statements = Atomic(0)

    var count: Int { statements.load(ordering: .relaxed) }
    func add(_ count: Int) { statements.add(count, ordering: .relaxed) }
}

/// The address and key with which a statement is cancelled.
///
/// `@unchecked Sendable`: libpq copies them into the handle and allows its use from any thread.
private final class Canceller: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQfreeCancel(handle) }

    func cancel() {
        var reason = [CChar](repeating: 0, count: 256)
        // A failure needs no answer: the statement then goes on to its own limit.
        PQcancel(handle, &reason, Int32(reason.count))
    }
}
