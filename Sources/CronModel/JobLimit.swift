package import CronSchedule

/// What the fields of a job may be, for those who read them and for those who describe them.
package enum JobLimit {
    package static let nameBytes = 200
    package static let tags = 50
    package static let tagBytes = 100
    package static let timezoneBytes = 100
    package static let timezones = 1...500

    package static let maxRuns = 1...Int(Int32.max)
    package static let jitter = Span.zero...Span.hours(24)
    package static let expiresAfter = Span.milliseconds(1)...Span.days(366)
    package static let timeout = Span.milliseconds(1)...TimeoutPolicy.longest
    package static let misfireAfter = Span.zero...Span.hours(24)
    package static let catchup = 1...MisfirePolicy.catchupLimitCeiling
    package static let catchupWindow = Span.seconds(1)...Span.days(366)
    package static let maxConcurrent = 1...100_000
    package static let concurrencyKeyBytes = 200
    package static let priority = -100...100

    package static let maxRetries = 0...1_000
    package static let baseDelay = Span.milliseconds(1)...Span.days(7)
    package static let factor = 1.0...100.0
    package static let maxDelay = Span.milliseconds(1)...Span.days(31)
    package static let maxElapsed = Span.milliseconds(1)...Span.days(366)
    package static let listedDelay = Span.zero...Span.days(31)
}
