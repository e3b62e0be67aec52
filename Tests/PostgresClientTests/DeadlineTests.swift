import Foundation
import Testing

@testable import PostgresClient

@Suite(.timeLimit(.minutes(1))) struct DeadlineTests {
    /// A server that never stops talking.
    @Test func whatIsAlwaysReadyExpiresToo() throws {
        let line = Pipe()
        try line.fileHandleForWriting.write(contentsOf: Data([0]))
        let socket = line.fileHandleForReading.fileDescriptor
        let deadline = try Deadline()
        deadline.start(milliseconds: 20)
        while deadline.wait(socket, for: .read) == .ready {}
        #expect(deadline.wait(socket, for: .read) == .expired)
        // And is ready again within the next limit.
        deadline.start(milliseconds: 60_000)
        #expect(deadline.wait(socket, for: .read) == .ready)
    }

    /// What was there when the time was over counts once.
    @Test func whatIsReadyWinsOnce() throws {
        let line = Pipe()
        let deadline = try Deadline()
        deadline.start(milliseconds: 1)
        #expect(deadline.wait(line.fileHandleForReading.fileDescriptor, for: .read) == .expired)
        deadline.start(milliseconds: 1)
        #expect(deadline.wait(-1, for: .read) == .expired)
        try line.fileHandleForWriting.write(contentsOf: Data([0]))
        deadline.start(milliseconds: 1)
        var ready = 0
        while deadline.wait(line.fileHandleForReading.fileDescriptor, for: .read) == .ready { ready += 1 }
        #expect(ready >= 1)
    }
}
