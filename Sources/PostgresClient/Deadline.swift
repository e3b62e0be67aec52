import CLibPQ
import Glibc

/// Waits on a socket with a limit that the kernel keeps (a timer that is polled beside the socket), so that nothing here
/// has to read a clock and a limit holds however often the wait is interrupted.
final class Deadline {
    enum End {
        case ready
        case expired
        case interrupted
    }

    enum Direction {
        case read
        case write
        case both

        fileprivate var events: Int16 {
            switch self {
            case .read: Int16(POLLIN)
            case .write: Int16(POLLOUT)
            case .both: Int16(POLLIN | POLLOUT)
            }
        }
    }

    private let timer: Int32
    /// The limit had passed when a wait ended. What was there at that moment is still taken in; a socket that is never
    /// silent has no more.
    private var isOver = false

    init() throws(PostgresError) {
        timer = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        guard timer >= 0 else { throw .cannotConnect("no timer: \(String(cString: strerror(errno)))") }
    }

    deinit { close(timer) }

    /// The limit starts now; 0 takes it away.
    func start(milliseconds: Int) {
        isOver = false
        var time = itimerspec()
        time.it_value.tv_sec = milliseconds / 1_000
        time.it_value.tv_nsec = milliseconds % 1_000 * 1_000_000
        timerfd_settime(timer, 0, &time, nil)
    }

    /// Waits until the socket can be read or written. An error on the socket counts as ready: libpq finds it.
    /// `interrupt`: a descriptor that ends the wait when it can be read; -1 for none.
    func wait(_ socket: Int32, for direction: Direction, interrupt: Int32 = -1) -> End {
        if isOver { return .expired }
        // A negative descriptor is passed over by poll.
        var polled = (
            pollfd(fd: socket, events: direction.events, revents: 0),
            pollfd(fd: timer, events: Int16(POLLIN), revents: 0),
            pollfd(fd: interrupt, events: Int16(POLLIN), revents: 0)
        )
        while true {
            let count = withUnsafeMutableBytes(of: &polled) {
                poll($0.baseAddress?.assumingMemoryBound(to: pollfd.self), 3, -1)
            }
            if count < 0 && errno == EINTR { continue }
            if polled.2.revents != 0 { return .interrupted }
            isOver = polled.1.revents != 0
            if polled.0.revents != 0 { return .ready }
            if isOver || count < 0 { return .expired }
        }
    }

    /// Whether the socket has something to read, or is broken, at this moment.
    static func hasNews(_ socket: Int32) -> Bool {
        var polled = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) != 0
    }
}
