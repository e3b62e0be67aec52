import ArgumentParser
import CronApp

/// The command line.
@main
struct CronPP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cronpp",
        abstract: "A distributed task scheduler that replaces cron.",
        version: AppVersion.text,
        subcommands: [
            ServeCommand.self, NextCommand.self, ExplainCommand.self, RotateKeysCommand.self, BenchCommand.self,
        ])
}
