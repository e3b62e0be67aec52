#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The one place that reads files: the system's compiled zones in `TZDIR` or /usr/share/zoneinfo.
enum ZoneDirectory {
    /// Deepest nesting of zone files, such as America/Argentina/Ushuaia.
    static let maxDepth = 4

    static let path: String = {
        guard let value = getenv("TZDIR") else { return "/usr/share/zoneinfo" }
        let path = String(cString: value)
        return path.hasPrefix("/") ? path : "/usr/share/zoneinfo"
    }()

    /// At most `limit` first bytes of a file below `path`; nil when it cannot be read.
    static func read(_ name: String, limit: Int) -> [UInt8]? {
        guard let file = fopen("\(path)/\(name)", "rb") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = bytes.withUnsafeMutableBytes { fread($0.baseAddress, 1, limit, file) }
        // Reading a directory succeeds in opening and fails here.
        guard ferror(file) == 0 else { return nil }
        return Array(bytes.prefix(count))
    }

    /// Names below `path` that are well-formed ids of zone files, sorted.
    static func zoneNames() -> [String] { names(below: "", depth: 1).sorted() }

    private static func names(below folder: String, depth: Int) -> [String] {
        guard depth <= maxDepth, let directory = opendir("\(path)/\(folder)") else { return [] }
        defer { closedir(directory) }
        var result: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let id = folder.isEmpty ? name : "\(folder)/\(name)"
            guard ZoneCatalog.isWellFormed(id) else { continue }
            if read(id, limit: ZoneFile.magic.count) == ZoneFile.magic {
                result.append(id)
            } else {
                result += names(below: id, depth: depth + 1)
            }
        }
        return result
    }
}
