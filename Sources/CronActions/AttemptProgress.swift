import CronModel
import CronSchedule
import NIOCore
import Synchronization

/// How far one attempt has got, shared between its task and the connections that may carry it. Whether its first byte may
/// still leave is decided here, under one lock, so that "nothing was sent" is a fact and not a guess.
final class AttemptProgress: Sendable {
    /// Which limit ended the attempt.
    enum Expiry: Sendable {
        case connect, read, total
    }

    private enum Phase {
        case waiting, sent, abandoned
    }

    private struct State {
        var phase = Phase.waiting
        /// The one dial that may write, by its `traceparent`.
        var dial: String?
        /// Set while no dial may begin, because the address being tried was given up.
        var isAddressGivenUp = false
        var phaseTimer: Scheduled<Void>?
        var totalTimer: Scheduled<Void>?
    }

    private let state = Mutex(State())
    private let eventLoop: any EventLoop
    private let limits: WebhookLimits
    private let expiries: AsyncStream<Expiry>
    private let expire: AsyncStream<Expiry>.Continuation
    private let onSent: @Sendable () -> Void

    /// Starts the limits of connecting and of the whole.
    /// - Parameter onSent: told once, when the request's first byte may leave.
    init(eventLoop: any EventLoop, limits: WebhookLimits, onSent: @escaping @Sendable () -> Void = {}) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.onSent = onSent
        (expiries, expire) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
        state.withLock {
            $0.phaseTimer = timer(.connect, after: limits.connect)
            $0.totalTimer = timer(.total, after: limits.total)
        }
    }

    /// The first limit to elapse; nil when the task is cancelled or the attempt has ended.
    func firstExpiry() async -> Expiry? {
        await expiries.first { _ in true }
    }

    /// True when the time has passed, false when the task was cancelled before.
    func pause(_ time: Span) async -> Bool {
        let (ends, end) = AsyncStream<Void>.makeStream()
        let timer = eventLoop.scheduleTask(in: TimeAmount(time)) { end.yield() }
        defer { timer.cancel() }
        return await ends.first { _ in true } != nil
    }

    var isUnsent: Bool { state.withLock { $0.phase == .waiting } }

    /// A further address may be tried.
    func beginAddress() {
        state.withLock { $0.isAddressGivenUp = false }
    }

    /// Forbids the address being tried to carry the request; false when it has begun to.
    func giveUpAddress() -> Bool {
        state.withLock {
            $0.isAddressGivenUp = $0.phase == .waiting
            return $0.isAddressGivenUp
        }
    }

    /// Makes this dial the only one that may write; false when none may.
    func beginDial(_ traceParent: String) -> Bool {
        state.withLock {
            guard $0.phase == .waiting, !$0.isAddressGivenUp else { return false }
            $0.dial = traceParent
            return true
        }
    }

    /// Forbids the dial to write; false when it has.
    func endDial() -> Bool {
        state.withLock {
            $0.dial = nil
            return $0.phase == .waiting
        }
    }

    /// Asked by the connection before the request's first byte; false forbids it for ever.
    func mayWrite(_ traceParent: String) -> Bool {
        let may = state.withLock {
            guard $0.phase == .waiting, !$0.isAddressGivenUp, $0.dial == traceParent else { return false }
            $0.phase = .sent
            $0.phaseTimer?.cancel()
            $0.phaseTimer = readTimer()
            return true
        }
        if may { onSent() }
        return may
    }

    /// Bytes of the answer came, so the wait for the next ones starts anew.
    func heard() {
        state.withLock {
            guard $0.phase == .sent else { return }
            $0.phaseTimer?.cancel()
            $0.phaseTimer = readTimer()
        }
    }

    /// Ends the attempt and says whether anything can have left. Nothing can leave afterwards.
    @discardableResult
    func end() -> Outcome.Reach {
        state.withLock {
            $0.phaseTimer?.cancel()
            $0.totalTimer?.cancel()
            expire.finish()
            let wasSent = $0.phase == .sent
            if !wasSent { $0.phase = .abandoned }
            return wasSent ? .maybeSent : .nothingSent
        }
    }

    private func readTimer() -> Scheduled<Void>? {
        limits.read.map { timer(.read, after: $0) }
    }

    private func timer(_ expiry: Expiry, after time: Span) -> Scheduled<Void> {
        eventLoop.scheduleTask(in: TimeAmount(time)) { [expire] in
            expire.yield(expiry)
        }
    }
}

/// How long an attempt may take.
struct WebhookLimits: Sendable {
    /// From the start to the request's first byte: look-up, dial and TLS.
    var connect: Span
    /// Between two pieces of the answer, the first included; nil for no limit of its own.
    var read: Span?
    /// From the start to the answer's last byte.
    var total: Span
}

extension TimeAmount {
    init(_ span: Span) {
        self = .microseconds(min(max(span.microseconds, 0), Span.days(365).microseconds))
    }
}
