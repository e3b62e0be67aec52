#if canImport(Glibc)
    import Foundation
    import Glibc

    /// The memory of this process, as the kernel counts it.
    enum ProcessMemory {
        /// By how many bytes the resident memory rose above its start at the most, while `body` ran.
        static func growth(during body: () async throws -> Void) async throws -> Int {
            // What is free but not given back would hide what is taken.
            trim()
            // Sets the peak to what is resident now (proc(5)).
            try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .ascii)
            let before = try bytes("VmRSS")
            try await body()
            return try bytes("VmHWM") - before
        }

        /// malloc_trim(3), which Swift does not see by name.
        private static func trim() {
            typealias Trim = @convention(c) (Int) -> Int32
            guard let program = dlopen(nil, RTLD_NOW), let trim = dlsym(program, "malloc_trim") else { return }
            _ = unsafeBitCast(trim, to: Trim.self)(0)
        }

        private static func bytes(_ name: String) throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            guard let number = line?.split(whereSeparator: \.isWhitespace).dropFirst().first,
                let kilobytes = Int(number)
            else { throw CocoaError(.fileReadCorruptFile) }
            return kilobytes * 1_024
        }
    }
#endif
