import CronModel
import CronSchedule
import Subprocess
import Synchronization

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// One program under way, from its start until nothing of its session is left.
struct CommandProcess: Sendable {
    private typealias Program = Execution<CustomWriteInput, SequenceOutput, CombinedErrorOutput>

    private enum Event: Sendable {
        case ended
        case stop(CommandEnd.Stop)
    }

    /// Ends all of a session; false when something of it goes on.
    typealias Ending = @Sendable (ProcessSession) async -> Bool

    let order: CommandOrder
    let ending: Ending
    /// Told of the output while it is written.
    var offer: (@Sendable (any OutputSource) -> Void)?

    /// Returns when nothing is left, at the latest `stopGrace` and `killPatience` after the limit or a cancellation.
    func run(limit: Span) async -> CommandEnd {
        let (events, tell) = AsyncStream<Event>.makeStream()
        let timer = Task {
            try await Task.sleep(for: .microseconds(limit.microseconds))
            tell.yield(.stop(.timeout))
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let report = CommandReport(continuation)
                // No child of this task, which would have to wait for it: a program that has become another user
                // cannot be ended.
                Task { await start(events, tell, report) }
            }
        } onCancel: {
            tell.yield(.stop(.cancelled))
        }
    }

    private func start(
        _ events: AsyncStream<Event>, _ tell: AsyncStream<Event>.Continuation, _ report: CommandReport
    ) async {
        let record = CommandRecord()
        offer?(record)
        do {
            let result = try await Subprocess.run(
                configuration, input: .inputWriter, output: .sequence, error: .combinedWithOutput
            ) { program in
                record.begin()
                await attend(program, events, tell, record, report)
            }
            report.tell(record.end(result.terminationStatus))
        } catch {
            report.tell(record.end(error))
        }
    }

    private func attend(
        _ program: Program, _ events: AsyncStream<Event>, _ tell: AsyncStream<Event>.Continuation,
        _ record: CommandRecord, _ report: CommandReport
    ) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await record.read(program.standardOutput) }
            tasks.addTask { await feed(program.standardInputWriter) }
            tasks.addTask {
                await program.waitForEnd()
                tell.yield(.ended)
            }
            let first = await events.first { _ in true }
            if case .stop(let stop)? = first { record.stop(stop) }
            // The library reaps the leader when this is over, not before.
            let isOver = await ending(ProcessSession(leader: program.processIdentifier.value))
            if case .stop(let stop)? = first, !isOver {
                report.tell(record.end(.unstoppable(stop)))
            } else {
                record.close()
            }
        }
    }

    /// A program may end or close its input without having read all of it.
    private func feed(_ writer: StandardInputWriter) async {
        _ = try? await writer.write(order.input)
        try? await writer.finish()
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        options.createSession = true
        if let user = order.user {
            options.userID = user.id
            options.groupID = user.group
            options.supplementaryGroups = user.groups
        }
        let variables = order.variables.compactMap { name, value in
            Environment.Key(rawValue: name).map { ($0, value) }
        }
        return Configuration(
            executable: order.program.hasPrefix("/") ? .path(FilePath(order.program)) : .name(order.program),
            arguments: Arguments(order.arguments),
            environment: .custom(Dictionary(variables) { _, last in last }),
            workingDirectory: FilePath(order.workingDirectory), platformOptions: options)
    }
}

extension Execution {
    /// Returns when the program has ended, which is not reaped by that. The library has it only as the wait between two
    /// signals of a teardown; signal 0 is none, and the next would come long after any attempt's end.
    fileprivate func waitForEnd() async {
        let never = TimeoutPolicy.longest + TimeoutPolicy.longest
        await teardown(using: [
            .send(signal: Signal(rawValue: 0), allowedDurationToNextStep: .microseconds(never.microseconds))
        ])
    }
}

/// Tells an attempt its end once: a program that could not be ended may end later.
private final class CommandReport: Sendable {
    private let continuation: Mutex<CheckedContinuation<CommandEnd, Never>?>

    init(_ continuation: CheckedContinuation<CommandEnd, Never>) {
        self.continuation = Mutex(continuation)
    }

    func tell(_ end: CommandEnd) {
        let waiting = continuation.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        waiting?.resume(returning: end)
    }
}

/// What becomes of one program while it runs.
private final class CommandRecord: OutputSource {
    /// The most that a pipe can hold: what the program wrote last, and not yet read when it ended. More than this comes
    /// from somebody who has left its session and writes on.
    static let lateLimitBytes = 1_048_576
    /// One that writes faster than 100 MB/s waits for its reader, which would otherwise have a thread of all tasks to
    /// itself: where there is always something to read, reading never suspends.
    static let burstBytes = 1_048_576
    static let burstPause = Span.milliseconds(10)

    private struct State {
        var hasBegun = false
        var stop: CommandEnd.Stop?
        var output = OutputEnds()
        /// Whoever follows the output.
        var hear: (@Sendable (UnsafeRawBufferPointer) -> Void)?
        /// Bytes that may still come; nil while the program goes on.
        var lateRoom: Int?
    }

    private let state = Mutex(State())

    func begin() { state.withLock { $0.hasBegun = true } }
    func stop(_ stop: CommandEnd.Stop) { state.withLock { $0.stop = stop } }
    func close() { state.withLock { $0.lateRoom = Self.lateLimitBytes } }

    /// Reads to the end, however much it is: a program that is not read would wait for that.
    func read(_ output: SubprocessOutputSequence) async {
        var burst = 0
        do {
            for try await piece in output {
                let goesOn = state.withLock { state in
                    piece.withUnsafeBytes { bytes in
                        state.output.append(bytes)
                        state.hear?(bytes)
                    }
                    state.lateRoom = state.lateRoom.map { $0 - piece.count }
                    return (state.lateRoom ?? 0) >= 0
                }
                guard goesOn else { return }
                burst += piece.count
                guard burst >= Self.burstBytes else { continue }
                burst = 0
                try await Task.sleep(for: .microseconds(Self.burstPause.microseconds))
            }
        } catch {
            // What was read is all that there is to show.
        }
    }

    func follow(_ hear: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) -> WrittenSoFar {
        state.withLock { state in
            state.hear = hear
            return state.output.written
        }
    }

    func unfollow() { state.withLock { $0.hear = nil } }

    func end(_ status: TerminationStatus) -> CommandEnd {
        let stop = state.withLock { $0.stop }
        if let stop { return end(.stopped(stop)) }
        switch status {
        case .exited(let code): return end(.exited(Int(code)))
        case .signaled(let signal): return end(.signalled(Int(signal)))
        }
    }

    func end(_ manner: CommandEnd.Manner) -> CommandEnd {
        CommandEnd(manner: manner, output: state.withLock { $0.output })
    }

    func end(_ error: any Error) -> CommandEnd {
        guard state.withLock({ !$0.hasBegun }) else {
            return end(.unknown("how the program ended could not be learnt: \(error)"))
        }
        let cause = (error as? SubprocessError)?.underlyingError
        return end(.notStarted("\(error)", mayPass: cause.map(Self.passing.contains) ?? false))
    }

    /// What a machine may be short of for a while.
    private static let passing: [Errno] = [
        .resourceTemporarilyUnavailable, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .textFileBusy,
        .interrupted,
    ]
}
