import CronModel
import CronSchedule

/// The variables that a program finds. Of the node's own it inherits those that say how to find programs and how to write
/// texts and times, and whose the home is; nothing else, since a node's variables hold its keys.
struct CommandEnvironment: Sendable {
    static let about = "PATH, LANG, LC_*, TZ, HOME, USER and LOGNAME"
    static let reservedPrefix = "CRONPP_"
    static let factNames = ["RUN_ID", "JOB_ID", "JOB_NAME", "SCHEDULED_FOR", "ATTEMPT", "FENCE", "ZONE"]
        .map { reservedPrefix + $0 }

    private static let inheritedNames: Set<String> = ["PATH", "LANG", "TZ", "HOME", "USER", "LOGNAME"]

    private let inherited: [String: String]

    /// - Parameter node: the variables of this process.
    init(_ node: [String: String]) {
        inherited = node.filter { Self.inheritedNames.contains($0.key) || $0.key.hasPrefix("LC_") }
    }

    /// - Parameters:
    ///   - user: whom the program runs as, if not as the node.
    ///   - own: what its definition adds, values in place; it may replace what is inherited.
    func variables(of attempt: AttemptContext, user: CommandUser?, own: [String: String]) -> [String: String] {
        var variables = inherited
        if let user {
            variables["HOME"] = user.home
            variables["USER"] = user.name
            variables["LOGNAME"] = user.name
        }
        return variables.merging(own) { $1 }.merging(Self.facts(attempt)) { $1 }
    }

    /// Nil when a definition may give a variable of that name.
    static func problem(ofName name: String) -> String? {
        guard (1...CommandDefinition.maxNameBytes).contains(name.utf8.count), isName(name) else {
            return "is not a name: letters, digits and \"_\", not a digit first"
        }
        return name.hasPrefix(reservedPrefix) ? "is set by Cron++ and cannot be changed" : nil
    }

    /// There where the program is run to see whether it works.
    static let testName = reservedPrefix + "TEST"

    private static func facts(_ attempt: AttemptContext) -> [String: String] {
        let values = [
            attempt.runID.description, attempt.jobID.description, attempt.jobName, attempt.scheduledFor.description,
            "\(attempt.attempt)", "\(attempt.fence)", attempt.zone,
        ]
        var facts = Dictionary(uniqueKeysWithValues: zip(factNames, values))
        if attempt.isTest { facts[testName] = "1" }
        return facts
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
            case 0x30...0x39: index > 0
            default: false
            }
        }
    }
}
