#if FAILPOINTS
    import Foundation
    import Synchronization

    /// Places where a test may kill this process: between the start's commit and the effect, and between the effect's
    /// answer and the commit of its finish. Only debug builds contain them. `CRONPP_FAILPOINTS` is a list such as
    /// `before_send=0.01,after_answer=0.02`; each kill appends its name to the file that `CRONPP_FAILPOINT_LOG` names.
    enum Failpoint {
        private static let odds: [String: Double] = {
            let text = ProcessInfo.processInfo.environment["CRONPP_FAILPOINTS"] ?? ""
            return text.split(separator: ",").reduce(into: [:]) { odds, item in
                let parts = item.split(separator: "=")
                if parts.count == 2, let chance = Double(parts[1]) { odds[String(parts[0])] = chance }
            }
        }()

        static func hit(_ name: String) {
            guard let chance = odds[name], Double.random(in: 0..<1) < chance else { return }
            if let path = ProcessInfo.processInfo.environment["CRONPP_FAILPOINT_LOG"], let log = fopen(path, "a") {
                fputs("\(name)\n", log)
                fclose(log)
            }
            kill(getpid(), SIGKILL)
        }
    }
#endif
