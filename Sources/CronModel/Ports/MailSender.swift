/// Hands mails to whoever delivers them.
package protocol MailSender: Sendable {
    /// One attempt. Answers when the server has taken the mail over, or when it is known why it has not.
    func send(_ message: MailMessage) async -> MailOutcome
}

/// Hands mails to servers that whoever sends them names.
package protocol MailCarrier: Sendable {
    /// One attempt, as above. A task that is cancelled gives it up within a second.
    /// - Parameter addresses: where the server is to be dialled, in this order, without its name being looked up: for
    ///   hosts that users name, whose addresses have been judged. TLS still proves the name. Nil looks the name up.
    /// - Parameter hiding: takes secrets out of what the server answers, before any of it is cut.
    func send(
        _ message: MailMessage, by server: SMTPServer, at addresses: [IPAddress]?,
        hiding: @escaping @Sendable (String) -> String
    ) async -> MailOutcome
}

extension MailCarrier {
    /// Of a server that is told no secret but its own password.
    package func send(
        _ message: MailMessage, by server: SMTPServer, at addresses: [IPAddress]? = nil
    ) async -> MailOutcome {
        await send(message, by: server, at: addresses, hiding: { $0 })
    }
}

package enum MailOutcome: Hashable, Sendable {
    /// The server has taken it over, in these words.
    case accepted(reply: String)
    case failed(MailFailure)
}

/// Why a mail was not handed over.
package struct MailFailure: Error, Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// No connection, or one that ended before the mail was over.
        case connect
        /// No safe connection: the server refuses TLS, or its certificate is not good.
        case tls
        /// Too much time went by before the mail was over.
        case timeout
        /// Nobody was signed in: a wrong password, or a server that lets nobody sign in.
        case authentication
        /// The server takes nothing from here now, whomever it is for: it said no before it was asked for the recipient, or
        /// ended the conversation (421). `status` tells which.
        case unavailable
        /// The server has said no to this mail; `status` tells which.
        case refused
        /// The whole mail was sent and its answer lost: it may be on its way.
        case unknown
        /// Too many mails wait here already.
        case busy
        /// This node ends.
        case closed
    }

    package enum Verdict: Sendable {
        /// May pass by itself.
        case transient
        /// Will be so next time.
        case permanent
        /// It is not known whether the mail goes out. Sent again under the same id, it may come twice.
        case unknown
    }

    package var kind: Kind
    /// What the server answered: 4xx and 5xx are refusals.
    package var status: Int?
    /// For people: bounded, without secrets.
    package var text: String

    package init(_ kind: Kind, status: Int? = nil, _ text: String) {
        self.kind = kind
        self.status = status
        self.text = text
    }

    package var verdict: Verdict {
        switch kind {
        case .connect, .tls, .timeout, .busy, .closed: .transient
        case .authentication, .unavailable, .refused: (400..<500).contains(status ?? 0) ? .transient : .permanent
        case .unknown: .unknown
        }
    }
}
