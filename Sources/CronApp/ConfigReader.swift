import CronHTTP
import CronActions
import CronLockRedis
import CronModel
import CronSchedule
import Foundation
import Logging
import PostgresClient

/// Finds each key's value and where it was set, so that a bad one can be told to the person who wrote it.
struct ConfigReader {
    let flags: [ConfigKey: String]
    let environment: [String: String]
    let file: [String: String]

    func text(_ key: ConfigKey) throws(ConfigError) -> String { find(key)?.value ?? key.standard ?? "" }

    func integer(_ key: ConfigKey, in range: ClosedRange<Int>) throws(ConfigError) -> Int {
        let text = try text(key)
        guard let value = Int(text), range.contains(value) else {
            throw refuse(key, "\"\(text)\" is not a whole number in \(range.lowerBound)–\(range.upperBound)")
        }
        return value
    }

    func flag(_ key: ConfigKey) throws(ConfigError) -> Bool {
        switch try text(key) {
        case "true": return true
        case "false": return false
        case let text: throw refuse(key, "\"\(text)\" is neither true nor false")
        }
    }

    /// A limit; nil for 0, which is none.
    func quota(_ key: ConfigKey) throws(ConfigError) -> Int? {
        let value = try integer(key, in: 0...10_000_000)
        return value == 0 ? nil : value
    }

    func span(_ key: ConfigKey, in range: ClosedRange<Span>) throws(ConfigError) -> Span {
        let text = try text(key)
        do {
            let span = try Span(text: text)
            guard range.contains(span) else {
                throw refuse(key, "\(span) is outside \(range.lowerBound)–\(range.upperBound)")
            }
            return span
        } catch let error as ScheduleError {
            throw refuse(key, error.message)
        } catch let error as ConfigError {
            throw error
        } catch {
            throw refuse(key, "\(error)")
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ key: ConfigKey) throws(ConfigError) -> Choice
    where Choice.RawValue == String {
        let text = try text(key)
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw refuse(key, "\"\(text)\" is not one of \(known)")
        }
        return choice
    }

    /// Base64 of 32 bytes, or nil when it is not set.
    func secret(_ key: ConfigKey) throws(ConfigError) -> [UInt8]? {
        guard let text = find(key)?.value, !text.isEmpty else { return nil }
        return try secret(key, text)
    }

    /// The same, several separated by commas.
    func secrets(_ key: ConfigKey) throws(ConfigError) -> [[UInt8]] {
        var secrets: [[UInt8]] = []
        for part in try text(key).split(separator: ",") {
            secrets.append(try secret(key, part.trimmingCharacters(in: .whitespaces)))
        }
        return secrets
    }

    private func secret(_ key: ConfigKey, _ text: String) throws(ConfigError) -> [UInt8] {
        guard let bytes = Data(base64Encoded: text), bytes.count == 32 else {
            throw refuse(key, "must be base64 of 32 bytes, as `openssl rand -base64 32` makes them")
        }
        return Array(bytes)
    }

    /// A list of address blocks, separated by commas.
    func networks(_ key: ConfigKey) throws(ConfigError) -> [NetworkRange] {
        var ranges: [NetworkRange] = []
        for part in try text(key).split(separator: ",") {
            do throws(NetworkRange.Problem) {
                ranges.append(try NetworkRange(part.trimmingCharacters(in: .whitespaces)))
            } catch {
                throw refuse(key, error.message)
            }
        }
        return ranges
    }

    /// Nil when it is not set.
    func sqlFiles(_ key: ConfigKey) throws(ConfigError) -> SQLFiles? {
        guard let path = find(key)?.value, !path.isEmpty else { return nil }
        guard let files = SQLFiles(directory: path) else { throw refuse(key, "there is no directory \(path)") }
        return files
    }

    /// What all jobs together may do to a host.
    func hostLimits() throws(ConfigError) -> HostLimits {
        let rateText = try text(.hostRate)
        var rate: StartRate?
        do throws(HostLimits.Problem) {
            rate = rateText.isEmpty ? nil : try HostLimits.rate(rateText)
        } catch {
            throw refuse(.hostRate, error.message)
        }
        let names = try text(.hostLimits)
        let count = try integer(.hostInFlight, in: 0...HostLimit.counts.upperBound)
        do throws(HostLimits.Problem) {
            return try HostLimits.read(
                standard: HostLimit(inFlight: count == 0 ? nil : count, rate: rate), hosts: names)
        } catch {
            throw refuse(.hostLimits, error.message)
        }
    }

    func database(in directory: String) throws(ConfigError) -> Database {
        guard let url = find(.databaseURL)?.value, !url.isEmpty else {
            return .sqlite(path: directory + "/cronpp.sqlite")
        }
        let scheme = url.prefix { $0 != ":" }
        switch scheme {
        case "sqlite":
            let path = String(url.dropFirst("sqlite:".count))
            guard !path.isEmpty else { throw refuse(.databaseURL, "\"sqlite:\" needs a path") }
            return .sqlite(path: path)
        case "postgres", "postgresql":
            let pooling: DatabasePooling = try choice(.databasePooling)
            do throws(PostgresError) {
                return .postgres(try PostgresConfig(url: url, pooling: pooling == .session ? .session : .transaction))
            } catch {
                throw refuse(.databaseURL, "\(error)")
            }
        default:
            throw refuse(.databaseURL, "the scheme \"\(scheme)\" is not one of sqlite, postgres")
        }
    }

    /// Nil when it is not set.
    func redis(_ key: ConfigKey) throws(ConfigError) -> RedisAddress? {
        let text = try text(key)
        guard !text.isEmpty else { return nil }
        do throws(RedisAddress.Problem) {
            return try RedisAddress(text)
        } catch {
            throw refuse(key, error.message)
        }
    }

    private func find(_ key: ConfigKey) -> (value: String, origin: String)? {
        if let value = flags[key] { return (value, "--\(key.flag)") }
        if let value = environment[key.variable] { return (value, key.variable) }
        if let value = file[key.fileKey] { return (value, "\(key.fileKey) in the configuration file") }
        return nil
    }

    func refuse(_ key: ConfigKey, _ problem: String) -> ConfigError {
        ConfigError("\(find(key)?.origin ?? key.variable): \(problem)")
    }
}
