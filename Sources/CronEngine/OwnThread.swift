import NIOCore
import NIOPosix

/// Runs tasks on a thread of its own, for what must go on while every thread that tasks share is busy.
final class OwnThread: TaskExecutor {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        group.any().execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// To be called when nothing runs here any more, from elsewhere.
    func end() async { try? await group.shutdownGracefully() }
}
