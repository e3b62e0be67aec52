import CronModel
import CronSchedule
import CronTesting
import Synchronization
import Testing

@testable import CronEngine

/// What an attempt writes, on its way to those who follow it.
@Suite struct OutputTests {
    private static let key = OutputKey(run: RunID(high: 1, low: 1), fence: 3)

    /// Writes what a test says.
    private final class Writer: OutputSource {
        private let state = Mutex<(written: [UInt8], hear: (@Sendable (UnsafeRawBufferPointer) -> Void)?)>(([], nil))

        var isHeard: Bool { state.withLock { $0.hear != nil } }

        func write(_ bytes: [UInt8]) {
            state.withLock { state in
                state.written += bytes
                bytes.withUnsafeBytes { state.hear?($0) }
            }
        }

        func follow(_ hear: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) -> WrittenSoFar {
            state.withLock { state in
                state.hear = hear
                let count = state.written.count
                guard count > 100 else { return WrittenSoFar(first: state.written, count: count) }
                return WrittenSoFar(
                    first: Array(state.written.prefix(50)), last: Array(state.written.suffix(50)), count: count)
            }
        }

        func unfollow() { state.withLock { $0.hear = nil } }
    }

    private func tap(_ writer: Writer, hiding secrets: [String] = []) -> OutputTap {
        let tap = OutputTap(key: Self.key, space: UserID(high: 1, low: 2), secrets: secrets)
        tap.offer(writer)
        return tap
    }

    @Test func whatWasWrittenBeforeIsShownToo() {
        let writer = Writer()
        let tap = tap(writer)
        writer.write([1, 2])
        #expect(tap.take().written.isEmpty && !writer.isHeard, "nobody follows")
        tap.open()
        writer.write([3])
        tap.open()
        #expect(
            tap.take().written == [
                OutputTap.Written(start: 0, bytes: [1, 2]), OutputTap.Written(start: 2, bytes: [3]),
            ])
        writer.write([4])
        #expect(tap.take().written == [OutputTap.Written(start: 3, bytes: [4])])
        tap.close()
        writer.write([5])
        #expect(!writer.isHeard && tap.take().written.isEmpty)
        tap.open()
        #expect(tap.take().written == [OutputTap.Written(start: 0, bytes: [1, 2, 3, 4, 5])])
    }

    @Test func aFloodIsCutToItsNewest() {
        let writer = Writer()
        let tap = tap(writer)
        tap.open()
        for number in 0..<100 { writer.write([UInt8](repeating: UInt8(number), count: 10_000)) }
        let written = tap.take().written
        #expect(written.count == 1 && written[0].bytes.count == OutputLimit.writtenBytes)
        #expect(written[0].start == Int64(1_000_000 - OutputLimit.writtenBytes) && written[0].bytes.last == 99)
        writer.write([7])
        #expect(tap.take().written == [OutputTap.Written(start: 1_000_000, bytes: [7])])
    }

    @Test func piecesTellWhereTheyBelong() {
        let writer = Writer()
        let tap = tap(writer, hiding: ["canary-1"])
        writer.write([UInt8](repeating: 0x61, count: 150))
        tap.open()
        var cutter = OutputCutter(hiding: tap.secrets)
        let (a50, a100) = (String(repeating: "a", count: 49), String(repeating: "a", count: 48))
        var pieces = cutter.pieces(of: tap.take().written, isLast: false)
        // The letter at the end might begin the secret, and at both sides of the gap be of it.
        #expect(
            pieces.map(\.text) == [a50, a100] && pieces.map(\.start) == [0, 101] && pieces.map(\.end) == [49, 149])
        writer.write(Array("b canary-1\0é".utf8))
        pieces = cutter.pieces(of: tap.take().written, isLast: false)
        #expect(pieces == [OutputPiece(start: 149, end: 163, text: "ab ********\u{FFFD}é")])
        writer.write(Array("cana".utf8))
        pieces = cutter.pieces(of: tap.take().written, isLast: false)
        #expect(pieces.isEmpty)
        pieces = cutter.pieces(of: tap.take().written, isLast: true)
        #expect(pieces == [OutputPiece(start: 163, end: 167, text: "cana", isLast: true)])
    }

    @Test func aLogKeepsTheNewest() {
        var log = OutputLog()
        let text = String(repeating: "x", count: 1_000)
        for number in 0..<Int64(1_000) {
            log.append(OutputPiece(start: number * 1_000, end: (number + 1) * 1_000, text: text))
        }
        #expect(log.pieces.count == OutputLimit.keptBytes / 1_000 && log.end == 1_000_000)
        #expect(log.pieces(after: 999_000).map(\.start) == [999_000] && log.pieces(after: 1_000_000).isEmpty)
        log.append(OutputPiece(start: 5, end: 6, text: "again"))
        log.append(OutputPiece(start: 1_000_000, end: 1_000_000, text: "", isLast: true))
        log.append(OutputPiece(start: 1_000_000, end: 1_000_001, text: "y"))
        #expect(log.isEnded && log.end == 1_000_000 && log.pieces(after: 1_000_000).count == 1)
    }

    // MARK: Two nodes

    /// Where nodes of one process leave pieces for each other.
    private final class Board: OutputBoard {
        private let state = Mutex<(asked: Set<RunID>, posts: [OutputPost])>(([], []))
        private let heeds = Mutex(0)

        /// How often a node has asked what is followed elsewhere.
        var heedCount: Int { heeds.withLock { $0 } }
        var postCount: Int { state.withLock { $0.posts.count } }
        func ask(_ runs: [RunID: UserID], for time: Span) { state.withLock { $0.asked.formUnion(runs.keys) } }
        func asked(_ runs: [RunID]) -> Set<RunID> {
            heeds.withLock { $0 += 1 }
            return state.withLock { $0.asked.intersection(runs) }
        }
        func put(_ posts: [OutputPost]) { state.withLock { $0.posts += posts } }
        func prune() {}

        func read(_ places: [OutputKey: Int64]) -> [OutputPost] {
            state.withLock { state in
                state.posts.filter { post in
                    places[post.key].map { post.piece.end > $0 || (post.piece.isLast && post.piece.end == $0) } ?? false
                }
            }
        }
    }

    private func attempt() -> AttemptContext {
        AttemptContext(
            runID: Self.key.run, jobID: JobID(high: 1, low: 3), userID: UserID(high: 1, low: 2), jobName: "j",
            scheduledFor: TestClock.start, zone: "", attempt: 1, fence: Self.key.fence,
            action: ActionDefinition(type: "command", fields: [:]), payload: .null, timeout: .seconds(9),
            delivery: .atLeastOnce)
    }

    /// Time goes on for as long as something is waited for.
    private func passing(_ clock: TestClock) -> Task<Void, Never> {
        Task {
            while !Task.isCancelled {
                if clock.waiterCount > 0 { clock.advance(by: OutputLimit.pace) }
                await Task.yield()
            }
        }
    }

    @Test func whatOneNodeWritesIsReadAtAnother() async throws {
        let (clock, board, hub) = (TestClock(), Board(), LocalHub())
        let here = LiveOutputs(board: board, wakeups: LocalWakeups(hub: hub), clock: clock)
        let there = LiveOutputs(board: board, wakeups: LocalWakeups(hub: hub), clock: clock)
        let time = passing(clock)
        defer { time.cancel() }
        let writer = Writer()
        let tap = here.begin(attempt(), hiding: [])
        tap.offer(writer)
        writer.write(Array("one ".utf8))
        #expect(board.postCount == 0)
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let follower = await there.join(Self.key.run, space: UserID(high: 1, low: 2), signal)
        var (text, place, isEnded) = ("", Int64(0), false)
        signal.yield()
        for await _ in signals {
            let reading = await there.read(Self.key, after: place)
            text += reading?.pieces.map(\.text).joined() ?? ""
            place = reading?.pieces.last?.end ?? place
            isEnded = reading?.isEnded ?? false
            if text == "one " { writer.write(Array("two ".utf8)) }
            if text == "one two " {
                writer.write(Array("three".utf8))
                here.end(tap)
            }
            if isEnded { break }
        }
        #expect(text == "one two three" && place == 13 && isEnded)
        await there.leave(Self.key.run, follower)
        await here.close()
        await there.close()
    }

    /// A timer that was far off when somebody began to follow ends beside those that have taken its place.
    @Test(.timeLimit(.minutes(1))) func thereIsOneRowOfTurns() async throws {
        let (clock, board) = (TestClock(), Board())
        let here = LiveOutputs(board: board, wakeups: LocalWakeups(), clock: clock)
        let tap = here.begin(attempt(), hiding: [])
        while clock.waiterCount < 1 || board.heedCount < 1, !Task.isCancelled { await Task.yield() }
        clock.advance(by: OutputLimit.pace)
        while clock.waiterCount < 1, !Task.isCancelled { await Task.yield() }
        clock.advance(by: .milliseconds(100))
        let (_, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let follower = await here.join(Self.key.run, space: UserID(high: 1, low: 2), signal)
        while clock.waiterCount < 2, !Task.isCancelled { await Task.yield() }
        var most = 0
        while clock.uptime < OutputLimit.heed + .seconds(2) {
            clock.advance(by: .milliseconds(100))
            while clock.waiterCount < 1, !Task.isCancelled { await Task.yield() }
            // A second row would show itself; of one nothing more comes.
            for _ in 0..<100 { await Task.yield() }
            if clock.uptime > OutputLimit.heed { most = max(most, clock.waiterCount) }
        }
        #expect(most == 1)
        here.end(tap)
        await here.leave(Self.key.run, follower)
        await here.close()
    }

    @Test func nothingIsDoneForARunThatNobodyFollows() async throws {
        let (clock, board) = (TestClock(), Board())
        let here = LiveOutputs(board: board, wakeups: LocalWakeups(), clock: clock)
        let time = passing(clock)
        defer { time.cancel() }
        let writer = Writer()
        let tap = here.begin(attempt(), hiding: [])
        tap.offer(writer)
        let end = clock.now + .seconds(30)
        while clock.now < end { await Task.yield() }
        #expect(!writer.isHeard && board.postCount == 0)
        here.end(tap)
        await here.close()
    }
}
