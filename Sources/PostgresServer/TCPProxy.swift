import Foundation

/// A line to a server that can be disturbed: for tests of what a client does when the network fails. Lives as long as
/// the process.
///
/// `@unchecked Sendable`: everything that changes is touched only while `changed` is held.
package final class TCPProxy: @unchecked Sendable {
    package enum Behaviour: Sendable {
        case forward
        /// Nothing passes in either direction, and nobody is told: a firewall that has forgotten the connection.
        case stall
        /// Requests pass, answers vanish.
        case swallowAnswers
        /// Requests pass; at the first answer the client's connection is closed instead.
        case cutAtAnswer
    }

    package let port: Int
    private let listener: Int32
    private let target: Int
    private var current = Behaviour.forward
    private var swallowed = 0
    private let changed = NSCondition()

    package init(to port: Int) throws {
        target = port
        (listener, self.port) = try Socket.listen()
        Thread { [self] in accept() }.start()
    }

    package var behaviour: Behaviour {
        get { changed.withLock { current } }
        set {
            changed.withLock { current = newValue }
            changed.broadcast()
        }
    }

    /// The same URL through this proxy.
    package func url(_ url: String) -> String { url.replacing(":\(target)/", with: ":\(port)/") }

    /// Returns when an answer of the server has been swallowed or cut off: what was asked has happened.
    package func waitForLostAnswer() {
        changed.lock()
        defer { changed.unlock() }
        while swallowed == 0 { changed.wait() }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            guard let server = Socket.connect(target) else {
                close(client)
                continue
            }
            let line = Line(client: client, server: server)
            Thread { [self] in pump(line.client, line.server, answers: false, line) }.start()
            Thread { [self] in pump(line.server, line.client, answers: true, line) }.start()
        }
    }

    private func pump(_ source: Int32, _ target: Int32, answers: Bool, _ line: Line) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count <= 0 && !answers {
                // The client has gone; the server's last answer is still waited for.
                shutdown(target, Int32(SHUT_WR))
                return
            }
            guard count > 0, pass(answers: answers) else { break }
            guard !answers || !isSwallowing() else { continue }
            guard Socket.send(buffer[..<count], to: target) else { break }
        }
        line.end()
    }

    /// Waits while the line is stalled; false if it is to be cut.
    private func pass(answers: Bool) -> Bool {
        changed.lock()
        defer { changed.unlock() }
        while current == .stall { changed.wait() }
        guard answers, current == .cutAtAnswer else { return true }
        swallowed += 1
        changed.broadcast()
        return false
    }

    private func isSwallowing() -> Bool {
        changed.lock()
        defer { changed.unlock() }
        guard current == .swallowAnswers else { return false }
        swallowed += 1
        changed.broadcast()
        return true
    }
}

/// Two connected sockets; shut down together, closed when both directions have ended.
private final class Line: Sendable {
    let client: Int32
    let server: Int32

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    deinit {
        close(client)
        close(server)
    }

    func end() {
        shutdown(client, Int32(SHUT_RDWR))
        shutdown(server, Int32(SHUT_RDWR))
    }
}
