import Foundation

/// Listens on channels with a connection and a thread of its own. Connects again by itself and says so, since
/// notifications may have been missed meanwhile.
///
/// `@unchecked Sendable`: nothing is changed after `init`; the thread keeps its state to itself.
package final class PostgresListener: @unchecked Sendable {
    package enum Event: Sendable, Hashable {
        /// LISTEN is in effect, for the first time or again: what was notified before this is unknown.
        case connected
        case notification(channel: String, payload: String)
        case disconnected(PostgresError)
    }

    /// Events kept for a slow reader; the oldest are dropped.
    private static let kept = 4_096
    /// Milliseconds without a notification after which the connection is asked whether it still works: a half-open one
    /// would otherwise be silent for ever.
    private static let probeInterval = 10_000
    /// Milliseconds between attempts to connect, doubling from one to the other.
    private static let shortestPause = 50
    private static let longestPause = 1_000

    package let events: AsyncStream<Event>
    private let sink: AsyncStream<Event>.Continuation
    private let config: PostgresConfig
    private let statements: [PostgresQuery]
    private let end = Pipe()

    package init(_ config: PostgresConfig, channels: [String]) throws(PostgresError) {
        guard config.pooling == .session else { throw .config("LISTEN needs a session, not a pooling proxy") }
        self.config = config
        statements = channels.map { channel in
            let quoted = channel.replacing("\"", with: "\"\"")
            return "LISTEN \(unescaped: "\"\(quoted)\"")"
        }
        (events, sink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.kept))
        sink.onTermination = { [end] _ in Self.signal(end) }
        let thread = Thread { [self] in run() }
        thread.name = "postgres listen"
        thread.start()
    }

    /// Ends the connection, then the stream. Also called when the reader of the stream goes away.
    package func close() { Self.signal(end) }

    private static func signal(_ end: Pipe) { try? end.fileHandleForWriting.write(contentsOf: Data([0])) }

    // MARK: The thread

    private var interrupt: Int32 { end.fileHandleForReading.fileDescriptor }

    private func run() {
        var pause = Self.shortestPause
        while true {
            do throws(PostgresError) {
                let wire = try Wire(config, health: Health())
                _ = try wire.exchange(statements, committing: false)
                sink.yield(.connected)
                pause = Self.shortestPause
                try receive(wire)
                break
            } catch {
                sink.yield(.disconnected(error))
            }
            if isClosed(within: Int.random(in: pause / 2...pause)) { break }
            pause = min(pause * 2, Self.longestPause)
        }
        sink.finish()
    }

    /// Passes notifications on until the listener is closed.
    private func receive(_ wire: Wire) throws(PostgresError) {
        do throws(Lost) {
            while true {
                for (channel, payload) in wire.notifications() {
                    sink.yield(.notification(channel: channel, payload: payload))
                }
                guard let news = try wire.waitForNews(milliseconds: Self.probeInterval, interrupt: interrupt) else {
                    return
                }
                if !news { try probe(wire) }
            }
        } catch {
            throw .connectionLost(error.reason)
        }
    }

    private func probe(_ wire: Wire) throws(Lost) {
        do throws(PostgresError) {
            _ = try wire.exchange(["SELECT 1"], committing: false)
        } catch {
            throw Lost(reason: error.description)
        }
    }

    private func isClosed(within milliseconds: Int) -> Bool {
        var polled = pollfd(fd: interrupt, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, Int32(milliseconds)) != 0
    }
}
