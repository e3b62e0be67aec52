import Foundation
import PackagePlugin

/// Puts the text files of a target into its code, so that the binary needs no folder beside it. SwiftPM's own
/// `.embedInCode` writes each byte as a number, which takes the compiler minutes.
@main
struct EmbedFiles: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let target = target as? any SourceModuleTarget else { return [] }
        let files = target.sourceFiles.filter { $0.type != .source }.map(\.url).sorted { $0.path < $1.path }
        let code = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
        return [
            .buildCommand(
                displayName: "Embedding \(files.count) files of \(target.name)",
                executable: try context.tool(named: "embed-files").url,
                arguments: [target.name, code.path, target.directoryURL.path] + files.map(\.path),
                inputFiles: files, outputFiles: [code])
        ]
    }
}
