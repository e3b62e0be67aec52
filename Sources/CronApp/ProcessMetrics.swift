import Foundation

/// What the operating system says of this process, by Prometheus' customary names.
enum ProcessMetrics {
    static var text: String {
        var lines: [String] = []
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        if let pages, pages.count > 1, let resident = Int(pages[1]) {
            lines += gauge("process_resident_memory_bytes", resident * Int(sysconf(Int32(_SC_PAGESIZE))))
        }
        if let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            lines += gauge("process_open_fds", descriptors.count)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Bytes that this process caused to be written to storage.
    static var writtenBytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/io", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("write_bytes: ") }
        return line.flatMap { Int($0.dropFirst("write_bytes: ".count)) } ?? 0
    }

    private static func gauge(_ name: String, _ value: Int) -> [String] {
        ["# TYPE \(name) gauge", "\(name) \(value)"]
    }
}
