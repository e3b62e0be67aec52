import CronModel
import CronSchedule
import Logging

/// What a node that starts asks of a database that may be away: repeated for as long as it takes. What waiting cannot mend
/// is thrown.
struct StoreWait: Sendable {
    /// Between two attempts, doubling from one to the other; each is shortened by up to half, so that nodes which lost
    /// the same database do not come back at one moment.
    static let shortestPause = Span.seconds(1)
    static let longestPause = Span.seconds(10)

    /// Whether the store is another process, which may be away. The embedded one is not: what fails there fails at once.
    let isShared: Bool
    let clock: any EngineClock
    let logger: Logger

    func callAsFunction<Value>(
        _ call: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        var pause = Self.shortestPause
        while true {
            do throws(StoreError) {
                return try await call()
            } catch {
                guard isShared, error.mayPass, !Task.isCancelled else { throw error }
                let shortened = Span(microseconds: .random(in: pause.microseconds / 2...pause.microseconds))
                logger.warning(
                    "the database cannot be used yet; trying again",
                    metadata: ["error": "\(error.text)", "again_in": "\(shortened)"])
                await clock.wait(until: clock.now + shortened)
                pause = min(pause + pause, Self.longestPause)
            }
        }
    }
}

extension StoreError {
    fileprivate var mayPass: Bool {
        switch self {
        case .unavailable, .outcomeUnknown: true
        default: false
        }
    }
}
