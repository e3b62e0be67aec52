import CronSchedule

/// What this binary is.
package enum AppVersion {
    package static let number = "0.1.0"

    package static var text: String { "cronpp \(number) (tzdata \(ZoneCatalog.version ?? "unknown"))" }
}
