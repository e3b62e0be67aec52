/// The modules of the pages as one file: a browser then asks once, and not for each after another has named it.
///
/// A module becomes a function that answers what it exports. So each import is a line `import { a, b } from "./name.js";` or
/// `import "./name.js";`, and `export` stands before a function, a class or a constant.
struct WebScript {
    typealias Fault = WebTemplates.Fault

    private let modules: [String: String]
    private var text = ""
    private var added: Set<String> = []
    private var underWay: Set<String> = []

    /// - Parameters:
    ///   - modules: by name.
    ///   - first: the one that the others hang from.
    static func joined(_ modules: [String: String], from first: String) throws(Fault) -> String {
        var script = WebScript(modules: modules)
        try script.add(first, askedBy: first)
        if let idle = modules.keys.sorted().first(where: { !script.added.contains($0) }) {
            throw .broken(idle, reason: "no module imports it")
        }
        return script.text
    }

    private init(modules: [String: String]) { self.modules = modules }

    private mutating func add(_ name: String, askedBy: String) throws(Fault) {
        if added.contains(name) { return }
        guard let module = modules[name] else { throw .missing(name, askedBy: askedBy) }
        guard underWay.insert(name).inserted else { throw .broken(name, reason: "imports itself by way of \(askedBy)") }
        var lines: [String] = []
        var exports: [String] = []
        for line in module.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("import ") {
                lines.append(try imported(line, by: name))
            } else if line.hasPrefix("export ") {
                exports.append(try Self.exported(line, by: name))
                lines.append(String(line.dropFirst("export ".count)))
            } else {
                lines.append(String(line))
            }
        }
        if !exports.isEmpty { lines.append("return { \(exports.joined(separator: ", ")) };") }
        text += "const \(Self.constant(name)) = (() => {\n\(lines.joined(separator: "\n"))\n})();\n"
        added.insert(name)
    }

    private mutating func imported(_ line: Substring, by name: String) throws(Fault) -> String {
        guard let found = line.wholeMatch(of: /import (?:(\{[\w, ]+\}) from )?"\.\/([a-z]+\.js)";/) else {
            throw .broken(name, reason: "it imports otherwise than by name from a module beside it: \(line)")
        }
        let module = String(found.2)
        try add(module, askedBy: name)
        return found.1.map { "const \($0) = \(Self.constant(module));" } ?? ""
    }

    private static func exported(_ line: Substring, by name: String) throws(Fault) -> String {
        guard let found = line.prefixMatch(of: /export (?:async function|function|class|const) (\w+)/) else {
            throw .broken(name, reason: "it exports something else than a function, a class or a constant: \(line)")
        }
        return String(found.1)
    }

    /// What stands for a module in the others.
    private static func constant(_ name: String) -> String { "$" + name.dropLast(".js".count) }
}
