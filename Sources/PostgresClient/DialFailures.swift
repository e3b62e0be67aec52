/// Why none of the addresses would do.
struct DialFailures {
    /// A wrong password, no entry in pg_hba.conf, no such database, no permission to connect to it.
    private static let refusals: Set<Substring> = ["28P01", "28000", "3D000", "42501"]

    private var reasons: [String] = []
    /// Each server that could be asked said so. Of several one that is away may be the one that lets us in.
    private var areRefusals = true

    mutating func add(_ reason: String) {
        reasons.append(reason)
        areRefusals = false
    }

    /// What libpq says with verbosity: `FATAL:  28P01: password authentication failed…`, where in the server's source,
    /// and perhaps advice in further, indented lines.
    mutating func add(_ place: String, verbose message: String, needsPassword: Bool) {
        var codes: [Substring] = []
        let lines = message.split(separator: "\n").compactMap { line -> String? in
            guard !line.hasPrefix("\t"), !line.contains(/\.c:[0-9]+$/) else { return nil }
            guard let match = line.firstMatch(of: #/: {2}([0-9A-Z]{5}): /#) else { return String(line) }
            codes.append(match.1)
            return line.replacingCharacters(in: match.range, with: ":  ")
        }
        reasons.append("\(place): \(lines.joined(separator: ", "))")
        let isRefusal = needsPassword || codes.contains(where: Self.refusals.contains)
        areRefusals = areRefusals && isRefusal
    }

    var error: PostgresError {
        let reason = reasons.joined(separator: "; ")
        return areRefusals && !reasons.isEmpty ? .signInRefused(reason) : .cannotConnect(reason)
    }
}

extension Substring {
    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
