import CLibCurl
import CronModel
import CronSchedule
import Synchronization

/// One mail, one connection. What became of it is told by the server's last reply and by whether the mail's end had been
/// given to libcurl by then.
///
/// `@unchecked Sendable`: all that changes belongs to the thread in `run`, but for the flag.
final class SMTPTransfer: @unchecked Sendable {
    static let closed = MailOutcome.failed(MailFailure(.closed, "this node ends"))

    private let server: SMTPServer
    private let message: MailMessage
    private let addresses: [IPAddress]?
    private let limits: MailLimits
    private let isCancelled = Atomic(false)

    private var unsent: ArraySlice<UInt8> = []
    private var dialogue: SMTPDialogue
    private var isOver: () -> Bool = { false }
    /// The first thing that could not be set.
    private var failure = CURLE_OK

    init(
        _ message: MailMessage, _ server: SMTPServer, _ addresses: [IPAddress]?, _ limits: MailLimits,
        hiding: @escaping @Sendable (String) -> String
    ) {
        self.message = message
        self.server = server
        self.addresses = addresses
        self.limits = limits
        dialogue = SMTPDialogue(server, replyLimit: limits.reply, hiding: hiding)
    }

    func cancel() { isCancelled.store(true, ordering: .releasing) }

    /// Blocks until the mail has been taken over or it is known why not.
    /// - Parameter isOver: asked about once a second; true gives up.
    func run(until isOver: @escaping () -> Bool) -> MailOutcome {
        self.isOver = { [unowned self] in isOver() || isCancelled.load(ordering: .acquiring) }
        defer { self.isOver = { false } }
        guard !self.isOver() else { return Self.closed }
        var lists = CurlLists()
        defer { lists.free() }
        guard globalStart == CURLE_OK, let handle = curl_easy_init() else {
            return .failed(MailFailure(.connect, "libcurl cannot be used"))
        }
        defer { curl_easy_cleanup(handle) }
        unsent = MIMEWriter.bytes(of: message)[...]
        set(up: handle, &lists)
        guard failure == CURLE_OK else { return .failed(MailFailure(.connect, text(of: failure))) }
        let code = curl_easy_perform(handle)
        let outcome = dialogue.outcome(code, reason: text(of: code), isOver: self.isOver())
        // A server that has said yes is told QUIT by the clean-up, which must not wait for an answer.
        let socket = cronpp_curl_socket(handle)
        if socket >= 0 { shutdown(socket, Int32(SHUT_RD)) }
        return outcome
    }

    private func text(of code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }
}

/// Once for the process, before the first handle.
private let globalStart = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

// MARK: - Settings

extension SMTPTransfer {
    private func set(up handle: UnsafeMutableRawPointer, _ lists: inout CurlLists) {
        check(cronpp_curl_only_mail(handle))
        let scheme = server.security == .tls ? "smtps" : "smtp"
        // The name that the server is greeted with is the sender's domain: a machine's name is nobody's business.
        set(handle, CURLOPT_URL, "\(scheme)://\(server.bracketed):\(server.port)/\(message.from.domain)")
        set(handle, CURLOPT_UPLOAD, 1)
        set(handle, CURLOPT_MAIL_FROM, "<\(message.from.address)>")
        check(cronpp_curl_set_list(handle, CURLOPT_MAIL_RCPT, lists.list(["<\(message.to.address)>"])))
        // Neither the environment's proxies nor signals, which belong to the whole process.
        set(handle, CURLOPT_PROXY, "")
        set(handle, CURLOPT_NOSIGNAL, 1)
        check(cronpp_curl_leave_lookups(handle))
        set(handle, CURLOPT_CONNECTTIMEOUT_MS, limits.connect.microseconds / 1_000)
        set(handle, CURLOPT_TIMEOUT_MS, limits.total.microseconds / 1_000)
        setAddresses(handle, &lists)
        setSecurity(handle)
        setCallbacks(handle)
    }

    private func setAddresses(_ handle: UnsafeMutableRawPointer, _ lists: inout CurlLists) {
        guard let addresses else { return }
        guard !addresses.isEmpty else { return check(CURLE_COULDNT_RESOLVE_HOST) }
        let list = addresses.map(Self.bracketed).joined(separator: ",")
        check(
            cronpp_curl_set_list(
                handle, CURLOPT_RESOLVE, lists.list(["\(server.bracketed):\(server.port):\(list)"])))
    }

    private static func bracketed(_ address: IPAddress) -> String {
        if case .v6 = address { "[\(address)]" } else { "\(address)" }
    }

    private func setSecurity(_ handle: UnsafeMutableRawPointer) {
        let wanted = server.security == .none ? CURLUSESSL_NONE : CURLUSESSL_ALL
        set(handle, CURLOPT_USE_SSL, Int64(wanted.rawValue))
        set(handle, CURLOPT_SSLVERSION, Int64(CURL_SSLVERSION_TLSv1_2))
        set(handle, CURLOPT_SSL_VERIFYPEER, 1)
        set(handle, CURLOPT_SSL_VERIFYHOST, 2)
        if let authorities = server.authorities {
            check(cronpp_curl_set_authorities(handle, authorities, authorities.utf8.count))
            // They stand instead of the system's authorities, not beside them.
            check(cronpp_curl_no_capath(handle))
        }
        guard let user = server.user, let password = server.password else { return }
        set(handle, CURLOPT_USERNAME, user)
        set(handle, CURLOPT_PASSWORD, password)
        // The connection is encrypted: there is nothing that a challenge would add.
        set(handle, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN")
    }

    private func setCallbacks(_ handle: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_READDATA, CURLOPT_HEADERDATA, CURLOPT_XFERINFODATA, CURLOPT_DEBUGDATA] {
            check(cronpp_curl_set_context(handle, option, context))
        }
        check(
            cronpp_curl_set_pieces(handle, CURLOPT_READFUNCTION) { buffer, size, count, context in
                SMTPTransfer.at(context)?.give(buffer, size * count) ?? Int(CURL_READFUNC_ABORT)
            })
        check(
            cronpp_curl_set_pieces(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                SMTPTransfer.at(context)?.hear(bytes, size * count)
                return size * count
            })
        check(
            cronpp_curl_set_trace(handle) { _, kind, bytes, count, context in
                if kind == CURLINFO_HEADER_OUT { SMTPTransfer.at(context)?.say(bytes, count) }
                return 0
            })
        set(handle, CURLOPT_NOPROGRESS, 0)
        check(
            cronpp_curl_set_progress(handle) { context, _, _, _, _ in
                SMTPTransfer.at(context)?.mayGoOn() == true ? 0 : 1
            })
    }

    private func set(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ text: String) {
        check(cronpp_curl_set_text(handle, option, text))
    }

    private func set(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ number: Int64) {
        check(cronpp_curl_set_number(handle, option, Int(number)))
    }

    private func check(_ code: CURLcode) {
        if failure == CURLE_OK { failure = code }
    }
}

// MARK: - What libcurl asks for and hears

extension SMTPTransfer {
    private static func at(_ context: UnsafeMutableRawPointer?) -> SMTPTransfer? {
        context.map { Unmanaged<SMTPTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func give(_ buffer: UnsafeMutablePointer<CChar>?, _ room: Int) -> Int {
        guard let buffer, dialogue.mayBegin() else { return Int(CURL_READFUNC_ABORT) }
        let piece = unsent.prefix(room)
        if piece.isEmpty {
            dialogue.end()
            return 0
        }
        UnsafeMutableRawBufferPointer(start: buffer, count: room).copyBytes(from: piece)
        unsent = unsent.dropFirst(piece.count)
        return piece.count
    }

    /// Asked once a second, and after a failure also while the answer to QUIT is waited for: up to two minutes, for nothing.
    private func mayGoOn() -> Bool { !dialogue.hasLeft && !isOver() }

    private func say(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) {
        guard let bytes else { return }
        dialogue.say(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    private func hear(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) {
        guard let bytes else { return }
        dialogue.hear(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}

/// Lists that libcurl reads as long as a transfer lasts.
private struct CurlLists {
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    mutating func list(_ texts: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for text in texts { list = curl_slist_append(list, text) ?? list }
        if let list { lists.append(list) }
        return list
    }

    func free() {
        for list in lists { curl_slist_free_all(list) }
    }
}
