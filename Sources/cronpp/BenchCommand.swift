import ArgumentParser

/// `cronpp bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure the engine on this machine.")

    func run() async throws {}
}
