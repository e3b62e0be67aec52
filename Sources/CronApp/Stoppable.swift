import UnixSignals

enum Stoppable {
    /// Runs the body to its end, or until SIGTERM or SIGINT: then answers nil at once, whatever the body is waiting for. It
    /// is left behind cancelled, so the process must end soon. Not left to the signals' own effect: the first process of a
    /// container would not hear them.
    static func run<Value: Sendable>(
        until signals: [UnixSignal] = [.sigterm, .sigint], _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        let (ends, end) = AsyncStream.makeStream(of: Result<Value?, any Error>.self)
        let signals = await UnixSignalsSequence(trapping: signals)
        let listening = Task { for await _ in signals { end.yield(.success(nil)) } }
        let working = Task {
            do { end.yield(.success(try await body())) } catch { end.yield(.failure(error)) }
        }
        defer {
            listening.cancel()
            working.cancel()
        }
        for await result in ends { return try result.get() }
        return nil
    }
}
