import CLibCurl
import CronModel

/// What a server has said so far, and what it means. Reads replies (RFC 5321 §4.2) line by line and keeps the last, cut.
struct SMTPDialogue {
    private let server: SMTPServer
    private let replyLimit: Int
    private let hiding: @Sendable (String) -> String
    private var isSignedIn = false
    /// Whether the server was asked to take a mail for the recipient: what it said before is about no recipient.
    private var hasNamedRecipient = false
    /// Whether QUIT was said, which libcurl does after a failure too: the answer to it says nothing of the mail.
    private(set) var hasLeft = false
    /// Whether the server was asked to take the whole mail: from then on it may have.
    private var hasEnded = false
    private var wasRefusedUnsigned = false
    /// The reply that is being heard, and the last whole one.
    private var incoming: [UInt8] = []
    private var isWhole = true
    private var reply: [UInt8] = []
    private var status: Int?
    /// The status of the reply that came after the mail's end.
    private var verdict: Int?

    private static let recipient = Array("RCPT TO:".utf8)
    private static let farewell = Array("QUIT".utf8)
    private static let signedIn = 235
    /// The server ends the conversation, at whatever point (RFC 5321 §3.8).
    private static let unavailable = 421

    init(_ server: SMTPServer, replyLimit: Int, hiding: @escaping @Sendable (String) -> String) {
        self.server = server
        self.replyLimit = replyLimit
        self.hiding = hiding
    }

    private var keptBytes: Int { replyLimit + HiddenText.marginBytes }

    /// A command.
    mutating func say(_ command: UnsafeRawBufferPointer) {
        if command.starts(with: Self.recipient) { hasNamedRecipient = true }
        if command.starts(with: Self.farewell) { hasLeft = true }
    }

    /// A line of a reply.
    mutating func hear(_ line: UnsafeRawBufferPointer) {
        guard !hasLeft else { return }
        if isWhole { incoming = [] }
        incoming += line.prefix(max(0, keptBytes - incoming.count))
        let digits = line.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return }
        isWhole = line.count < 4 || line[3] != UInt8(ascii: "-")
        let heard = digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
        guard isWhole else { return }
        (reply, status) = (incoming, heard)
        if heard == Self.signedIn { isSignedIn = true }
        if hasEnded, verdict == nil { verdict = heard }
    }

    /// Asked before each piece of the mail. A server that offers no way to sign in is passed over by libcurl, which then goes
    /// on as nobody: a mail must not leave under no name when one was given.
    mutating func mayBegin() -> Bool {
        wasRefusedUnsigned = server.user != nil && !isSignedIn
        return !wasRefusedUnsigned
    }

    mutating func end() { hasEnded = true }

    /// - Parameters:
    ///   - reason: libcurl's words for its code.
    ///   - isOver: whether the transfer was told to end.
    func outcome(_ code: CURLcode, reason: String, isOver: Bool) -> MailOutcome {
        let said = self.said
        if let verdict {
            if (200..<300).contains(verdict) { return .accepted(reply: said) }
            return .failed(MailFailure(refusal(verdict), status: verdict, "\(server): \(said)"))
        }
        func failed(_ kind: MailFailure.Kind, _ text: String) -> MailOutcome {
            .failed(MailFailure(kind, status: status.flatMap { $0 >= 400 ? $0 : nil }, "\(server): \(text)"))
        }
        if hasEnded { return failed(.unknown, "the mail was sent and its answer lost (\(reason))") }
        if isOver { return failed(.closed, "given up") }
        if wasRefusedUnsigned { return failed(.authentication, "the server lets nobody sign in") }
        if status == Self.unavailable { return failed(.unavailable, said) }
        switch code {
        case CURLE_LOGIN_DENIED: return failed(.authentication, "not signed in: \(said)")
        case CURLE_USE_SSL_FAILED: return failed(.tls, "the server refuses STARTTLS: \(said)")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED:
            return failed(.tls, reason)
        case CURLE_OPERATION_TIMEDOUT: return failed(.timeout, "no answer in time")
        default: break
        }
        if let status, status >= 400 { return failed(refusal(status), said) }
        return failed(.connect, reason)
    }

    /// The last reply, as it may be shown.
    private var said: String {
        let text = server.quote(hiding(String(decoding: reply, as: UTF8.self)))
        let most = reply.count < keptBytes ? replyLimit : HiddenText.shownBytes(of: text, most: replyLimit)
        return String(decoding: text.utf8.prefix(max(0, most)), as: UTF8.self).trimmedEnd
    }

    private func refusal(_ status: Int) -> MailFailure.Kind {
        hasNamedRecipient && status != Self.unavailable ? .refused : .unavailable
    }
}

extension String {
    fileprivate var trimmedEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
