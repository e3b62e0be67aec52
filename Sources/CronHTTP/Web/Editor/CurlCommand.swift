import CronModel

/// A `curl` command as people copy it out of a browser or a manual, read as a webhook's fields.
struct CurlCommand: Sendable {
    static let longest = 65_536

    var url = ""
    var method: String?
    var headers: [(name: String, value: String)] = []
    var data: [String] = []
    var timeout: String?
    private var isJSON = false
    private var isHead = false

    /// - Throws: what cannot be read, or has no counterpart in a webhook.
    init(_ text: String) throws(EditorFault) {
        guard text.utf8.count <= Self.longest else { throw EditorFault("is longer than \(Self.longest) bytes") }
        var words = try Self.words(text)[...]
        guard words.popFirst() == "curl" else { throw EditorFault("must begin with curl") }
        while let word = words.popFirst() {
            if word.hasPrefix("--") {
                try readLong(word, &words)
            } else if word.hasPrefix("-"), word.count > 1 {
                try readShort(word, &words)
            } else {
                try take(url: word)
            }
        }
        guard !url.isEmpty else { throw EditorFault("names no URL") }
    }

    /// The editor's fields that it says something of, by name.
    var texts: [String: String] {
        var all = headers
        func has(_ name: String) -> Bool { all.contains { $0.name.lowercased() == name } }
        if isJSON {
            for name in ["Content-Type", "Accept"] where !has(name.lowercased()) {
                all.append((name, "application/json"))
            }
        } else if !data.isEmpty, !has("content-type") {
            all.append(("Content-Type", FormFields.mediaType))
        }
        var texts = [
            "action.url": url, "action.method": method ?? (isHead ? "HEAD" : data.isEmpty ? "GET" : "POST"),
            "action.headers": all.map { "\($0.name): \($0.value)" }.joined(separator: "\n"),
            "action.body": data.joined(separator: isJSON ? "" : "&"),
        ]
        texts["action.timeout"] = timeout
        return texts.filter { !$0.value.isEmpty }
    }
}

// MARK: - Options

extension CurlCommand {
    /// Those that a webhook does anyhow, or that are about what a terminal shows.
    private static let idle: Set<String> = [
        "silent", "show-error", "fail", "fail-with-body", "verbose", "compressed", "include", "progress-bar",
        "no-progress-meter",
        "http1.1", "http2", "no-keepalive", "globoff", "no-buffer", "tcp-nodelay",
    ]
    private static let idleWithValue: Set<String> = [
        "output", "write-out", "retry", "retry-delay", "retry-max-time", "connect-timeout",
    ]
    private static let short: [Character: String] = [
        "X": "request", "H": "header", "d": "data", "u": "user", "A": "user-agent", "e": "referer", "b": "cookie",
        "m": "max-time",
        "s": "silent", "S": "show-error", "f": "fail", "v": "verbose", "i": "include", "o": "output", "w": "write-out",
        "#": "progress-bar",
        "I": "head", "k": "insecure", "L": "location", "G": "get", "F": "form", "T": "upload-file", "x": "proxy",
        "E": "cert", "N": "no-buffer",
        "g": "globoff", "K": "config",
    ]
    private static let withoutValue: Set<String> = ["head", "insecure", "location", "get"]

    private mutating func readLong(_ word: String, _ words: inout ArraySlice<String>) throws(EditorFault) {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1).map(String.init)
        let name = parts.first ?? ""
        if Self.idle.contains(name) { return }
        if Self.withoutValue.contains(name) { return try read(name, "") }
        guard let value = words.popFirst() else { throw EditorFault("\(word) says nothing") }
        try read(name, value)
    }

    /// `-sSXPOST` is three of them.
    private mutating func readShort(_ word: String, _ words: inout ArraySlice<String>) throws(EditorFault) {
        var rest = word.dropFirst()
        while let letter = rest.popFirst() {
            guard let name = Self.short[letter] else { throw EditorFault("-\(letter) is not read here") }
            if Self.idle.contains(name) { continue }
            if Self.withoutValue.contains(name) {
                try read(name, "")
                continue
            }
            guard let value = rest.isEmpty ? words.popFirst() : String(rest) else {
                throw EditorFault("-\(letter) says nothing")
            }
            return try read(name, value)
        }
    }

    private mutating func read(_ name: String, _ value: String) throws(EditorFault) {
        switch name {
        case "url": try take(url: value)
        case "request": method = value.uppercased()
        case "head": isHead = true
        case "header": try take(header: value)
        case "data", "data-ascii", "data-binary": try take(data: value, mayBeFile: true)
        case "data-raw": try take(data: value, mayBeFile: false)
        case "data-urlencode":
            guard !value.contains("@") else { throw EditorFault("--data-urlencode with a file is not read here") }
            let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let encoded = PercentText.encoded(String(parts.last ?? ""))
            data.append(parts.count == 2 && !parts[0].isEmpty ? "\(parts[0])=\(encoded)" : encoded)
        case "json":
            isJSON = true
            try take(data: value, mayBeFile: true)
        case "user": headers.append(("Authorization", "Basic \(Self.base64(value))"))
        case "oauth2-bearer": headers.append(("Authorization", "Bearer \(value)"))
        case "user-agent": headers.append(("User-Agent", value))
        case "referer": headers.append(("Referer", value))
        case "cookie":
            guard value.contains("=") else { throw EditorFault("-b with a file is not read here") }
            headers.append(("Cookie", value))
        case "max-time": timeout = "\(value)s"
        case "location": throw EditorFault("-L is not done: a webhook follows no redirect; give the last address")
        case "insecure":
            throw EditorFault("-k is not done: certificates are always checked; give ca_certificate instead")
        case "get": throw EditorFault("-G is not read here; write the data into the URL")
        case "form": throw EditorFault("-F is not read here: a webhook sends no parts")
        case _ where Self.idleWithValue.contains(name): return
        default: throw EditorFault("--\(name) is not read here")
        }
    }

    private static func base64(_ text: String) -> String {
        let digits = Base64.standard.text(Array(text.utf8))
        return digits + String(repeating: "=", count: (4 - digits.count % 4) % 4)
    }

    private mutating func take(url: String) throws(EditorFault) {
        guard self.url.isEmpty else { throw EditorFault("names two URLs, or \"\(url.prefix(80))\" is not quoted") }
        self.url = url.contains("://") ? url : "http://\(url)"
    }

    private mutating func take(header: String) throws(EditorFault) {
        guard let colon = header.firstIndex(of: ":"), colon > header.startIndex else {
            throw EditorFault("-H \"\(header.prefix(80))\" is not a name, a colon and a value")
        }
        guard !header.contains("\n") else { throw EditorFault("a header has a line break") }
        headers.append((String(header[..<colon]).trimmed, String(header[header.index(after: colon)...]).trimmed))
    }

    private mutating func take(data: String, mayBeFile: Bool) throws(EditorFault) {
        guard !mayBeFile || !data.hasPrefix("@") else {
            throw EditorFault("reads the file \(data.dropFirst().prefix(80)), which is not here; paste its text")
        }
        self.data.append(data)
    }
}

// MARK: - Words

extension CurlCommand {
    /// As a POSIX shell splits them. What a shell would run or fill in is refused.
    static func words(_ text: String) throws(EditorFault) -> [String] {
        var words: [String] = []
        var word: String?
        var rest = Substring(text)
        while let next = rest.popFirst() {
            switch next {
            case " ", "\t", "\n", "\r\n":
                if let done = word { words.append(done) }
                word = nil
            case "\\":
                // At the end of a line: the command goes on.
                guard let escaped = rest.popFirst() else { throw EditorFault("ends with a backslash") }
                if escaped != "\n" && escaped != "\r\n" { word = (word ?? "") + String(escaped) }
            case "'": word = (word ?? "") + (try quoted(&rest))
            case "\"": word = (word ?? "") + (try doubleQuoted(&rest))
            case "$" where rest.first == "'":
                rest.removeFirst()
                word = (word ?? "") + (try escaped(&rest))
            case "$", "`", "|", ";", ">", "<":
                throw EditorFault("holds an unquoted \(next), which only a shell could run")
            case "&" where rest.first == "&" || rest.first == " " || rest.isEmpty:
                throw EditorFault("holds an unquoted &, which only a shell could run")
            default: word = (word ?? "") + String(next)
            }
        }
        if let word { words.append(word) }
        return words
    }

    private static func quoted(_ rest: inout Substring) throws(EditorFault) -> String {
        guard let end = rest.firstIndex(of: "'") else { throw EditorFault("has a ' without its end") }
        let text = String(rest[..<end])
        rest = rest[rest.index(after: end)...]
        return text
    }

    private static func doubleQuoted(_ rest: inout Substring) throws(EditorFault) -> String {
        var text = ""
        while let next = rest.popFirst() {
            switch next {
            case "\"": return text
            case "$", "`": throw EditorFault("holds \(next) in double quotes, which only a shell could fill in")
            case "\\":
                guard let escaped = rest.popFirst() else { break }
                if escaped == "\n" { continue }
                text += "$`\"\\".contains(escaped) ? String(escaped) : "\\\(escaped)"
            default: text.append(next)
            }
        }
        throw EditorFault("has a \" without its end")
    }

    /// `$'…'`, as browsers copy texts with line breaks.
    private static func escaped(_ rest: inout Substring) throws(EditorFault) -> String {
        var text = ""
        while let next = rest.popFirst() {
            if next == "'" { return text }
            guard next == "\\", let letter = rest.popFirst() else {
                text.append(next)
                continue
            }
            switch letter {
            case "n": text += "\n"
            case "r": text += "\r"
            case "t": text += "\t"
            case "u", "x":
                let digits = rest.prefix(letter == "u" ? 4 : 2).prefix { $0.isHexDigit }
                guard let code = UInt32(digits, radix: 16), code > 0, let scalar = Unicode.Scalar(code) else {
                    throw EditorFault("holds \\\(letter) without the digits of a character")
                }
                rest = rest.dropFirst(digits.count)
                text.unicodeScalars.append(scalar)
            default: text.append(letter)
            }
        }
        throw EditorFault("has a $' without its end")
    }
}
