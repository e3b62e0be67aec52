import CronSchedule
import NIOCore
import NIOPosix
import Synchronization

/// Whether a time has passed, without reading a clock.
final class Countdown: Sendable {
    private let over = Atomic(false)
    private let timer = Mutex<Scheduled<Void>?>(nil)

    init(_ time: Span) {
        timer.withLock { timer in
            timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(time)) { [weak self] in
                self?.over.store(true, ordering: .relaxed)
            }
        }
    }

    var isOver: Bool { over.load(ordering: .relaxed) }

    func stop() { timer.withLock { $0?.cancel() } }
}
