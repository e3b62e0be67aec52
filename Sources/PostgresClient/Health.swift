import CLibPQ
import Foundation
import Glibc
import Synchronization

/// What others may know of a connection, and do to it, without waiting for its thread.
final class Health: Sendable {
    private let tally: Tally
    private let over = Atomic(false)
    private let canceller = Mutex<Canceller?>(nil)
    private let socket = Mutex<Int32?>(nil)

    init(tally: Tally = Tally()) { self.tally = tally }

    func sends(_ statements: Int) { tally.add(statements) }

    var isOver: Bool { over.load(ordering: .acquiring) }

    func begin(_ handle: OpaquePointer?, socket: Int32) {
        canceller.withLock { $0 = handle.map(Canceller.init) }
        self.socket.withLock { $0 = socket }
    }

    /// Before the connection's socket is closed: its number may be another's at once.
    func end() {
        over.store(true, ordering: .releasing)
        canceller.withLock { $0 = nil }
        socket.withLock { $0 = nil }
    }

    /// Whoever waits for the connection finds it closed.
    func abort() {
        socket.withLock { socket in
            if let socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// By a connection of its own, which may take as long as connecting does: on a thread of its own.
    func cancel() {
        guard let canceller = canceller.withLock({ $0 }) else { return }
        Thread { canceller.cancel() }.start()
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
