/// The files of the web interface: what stands beside this file in folders, put into the binary by the plugin `EmbedFiles`.
package enum WebFiles {
    /// Below `Templates`: Mustache, by name without folder and ending.
    package static let templates = texts(in: "Templates/", ending: ".mustache")

    /// What browsers load by itself: by the name under which it is served.
    package static let assets = texts(in: "Style/", ending: "").merging(texts(in: "Script/", ending: "")) { first, _ in first }

    /// Below `Icons`: pictures, by name without folder and ending.
    package static let icons = texts(in: "Icons/", ending: ".svg")

    private static func texts(in folder: String, ending: String) -> [String: String] {
        var texts: [String: String] = [:]
        for file in embedded where file.path.hasPrefix(folder) && file.path.hasSuffix(ending) {
            texts[String(file.path.dropFirst(folder.count).dropLast(ending.count))] = file.text
        }
        return texts
    }
}
