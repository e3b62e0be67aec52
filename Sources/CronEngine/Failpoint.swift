#if FAILPOINTS
    import Foundation
    import Synchronization

    /// Places where a test may kill or freeze this process: between the start's commit and the effect, and between the
    /// effect's answer and the commit of its finish, and before people are told of what an alert rule has found. Only debug builds contain them. `CRONPP_FAILPOINTS` is a list such as
    /// `before_send=0.01,after_answer=0.02:stop` (without a word after the chance it kills); each hit appends its name to
    /// the file that `CRONPP_FAILPOINT_LOG` names.
    enum Failpoint {
        private struct Rule {
            var chance: Double
            var signal: Int32
        }

        private static let rules: [String: Rule] = {
            let text = ProcessInfo.processInfo.environment["CRONPP_FAILPOINTS"] ?? ""
            return text.split(separator: ",").reduce(into: [:]) { rules, item in
                let parts = item.split(whereSeparator: { $0 == "=" || $0 == ":" })
                guard parts.count >= 2, let chance = Double(parts[1]) else { return }
                rules[String(parts[0])] = Rule(chance: chance, signal: parts.count > 2 ? SIGSTOP : SIGKILL)
            }
        }()

        static func hit(_ name: String) {
            guard let rule = rules[name], Double.random(in: 0..<1) < rule.chance else { return }
            if let path = ProcessInfo.processInfo.environment["CRONPP_FAILPOINT_LOG"], let log = fopen(path, "a") {
                fputs(rule.signal == SIGSTOP ? "\(name):stop\n" : "\(name)\n", log)
                fclose(log)
            }
            kill(getpid(), rule.signal)
        }
    }
#endif
