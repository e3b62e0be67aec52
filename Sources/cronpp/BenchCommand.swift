import ArgumentParser
import CronApp
import Foundation

/// `cronpp bench`: what this machine can do.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine on this machine, on the embedded store, on disk, or on a PostgreSQL.",
        discussion: """
            Workloads: recurring (per-second jobs whose slots are all due: runs per second), burst (one-shots due at
            one instant: start delay and drain time), steady (per-second jobs in real time). Prints one JSON object.
            """)

    @Option(help: "recurring, burst or steady.") var workload = "recurring"
    @Option(help: "noop, or webhook to a receiver in a process of its own.") var action = "noop"
    @Option(help: "Jobs, or one-shots.") var jobs = 2_000
    @Option(help: "Slots of each recurring job; seconds of a steady load.") var slots = 100
    @Option(help: "Directory for the database; a temporary one is removed afterwards.") var dir: String?
    @Option(help: "postgres:// URL of an empty database, instead of a directory.") var database: String?
    @Option(help: "Engines that share the work, with PostgreSQL.") var nodes = 1
    @Flag(help: .hidden) var receiver = false

    func validate() throws {
        if Bench.Workload(rawValue: workload) == nil { throw ValidationError("unknown workload \"\(workload)\"") }
        if action != "noop" && action != "webhook" { throw ValidationError("unknown action \"\(action)\"") }
        if !(1...1_000_000).contains(jobs) { throw ValidationError("--jobs must be from 1 to 1000000") }
        if !(1...16).contains(nodes) { throw ValidationError("--nodes must be from 1 to 16") }
        if database == nil && nodes > 1 { throw ValidationError("--nodes needs --database") }
        if !(1...100_000).contains(slots) { throw ValidationError("--slots must be from 1 to 100000") }
    }

    func run() async throws {
        if receiver { return try await BenchReceiver.run() }
        let directory = dir ?? NSTemporaryDirectory() + "cronpp-bench-" + UUID().uuidString
        if FileManager.default.fileExists(atPath: directory) { throw Failure("\(directory) exists already") }
        defer { if dir == nil && database == nil { try? FileManager.default.removeItem(atPath: directory) } }
        let target = action == "webhook" ? try BenchReceiver.start() : nil
        defer { target?.process.terminate() }
        let bench = Bench(
            workload: Bench.Workload(rawValue: workload) ?? .recurring, jobs: jobs, slots: slots,
            place: database.map { .postgres($0) } ?? .directory(directory), nodes: nodes, webhookURL: target?.url)
        let report = try await bench.run()
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys]
        Output.line(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
}
