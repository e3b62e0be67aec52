import CronModel
import CronSchedule
import NIOHTTP1

/// Where messages go: a setting's fields, read and checked. It says what is to be sent and what an answer means, and does
/// nothing itself: `ChannelSender` does.
protocol AlertChannel: Sendable {
    /// What selects it.
    static var type: String { get }
    /// Its fields besides `type`, for those who write them. One that several types have has one schema.
    static var members: [Schema.Member] { get }
    /// Nil when something is wrong, of which the reader has been told.
    init?(_ reader: inout FieldReader, _ addresses: AddressGuard)

    /// Whom it writes to unless a message is for others, one by one. Nil of one that is a place and knows no people.
    var people: [String]? { get }
    /// - Parameter person: of a channel that knows people, whom the message is for.
    /// - Throws: `ChannelProblem` for what cannot be sent so.
    func parcel(_ message: AlertMessage, for person: String?) throws(ChannelProblem) -> Parcel
    /// What an answer to a request means.
    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict
}

extension AlertChannel {
    var people: [String]? { nil }

    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict { answer.verdictByStatus }
}

/// Why a message can never be sent by a channel.
struct ChannelProblem: Error, Hashable {
    let message: String
}

/// A message made ready, in the form that its channel needs.
enum Parcel: Equatable, Sendable {
    case request(ChannelRequest)
    case mail(MailMessage, by: SMTPServer, host: HostLiteral)
}

/// A POST.
struct ChannelRequest: Equatable, Sendable {
    let url: WebhookURL
    var headers: HTTPHeaders
    let body: [UInt8]

    init(_ url: WebhookURL, headers: HTTPHeaders, body: [UInt8]) {
        self.url = url
        self.headers = headers
        self.body = body
    }

    init(_ url: WebhookURL, json: JSONValue, headers: HTTPHeaders = HTTPHeaders()) {
        self.init(url, headers: headers, body: JSONWriter.bytes(json))
        self.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
    }

    /// As HTML forms are sent.
    init(_ url: WebhookURL, form: [(name: String, value: String)], headers: HTTPHeaders = HTTPHeaders()) {
        let text = form.map { "\(PercentCoding.encoded($0.name))=\(PercentCoding.encoded($0.value))" }
        self.init(url, headers: headers, body: Array(text.joined(separator: "&").utf8))
        self.headers.replaceOrAdd(name: "Content-Type", value: "application/x-www-form-urlencoded")
    }
}

/// An answer that came whole.
struct ChannelAnswer: Sendable {
    /// Bytes of it that a failure repeats.
    static let excerptLimitBytes = 300

    let status: HTTPResponseStatus
    var headers = HTTPHeaders()
    var text = ""
    /// When it came.
    let now: Instant

    var json: JSONValue? { JSONValue(text: text) }

    /// What `Retry-After` asks for.
    var wait: Span? { headers.first(name: "retry-after").flatMap { RetryAfter.wait($0, now: now) } }

    var verdictByStatus: ChannelVerdict {
        if (200...299).contains(status.code) { return .accepted }
        return status.mayPass ? .later(reason(), wait: wait) : .refused(reason())
    }

    /// - Parameter words: what the service says of it; absent: the beginning of the answer.
    func reason(_ words: String? = nil) -> String {
        let words = words ?? text
        let excerpt = BoundedText.prefix(BoundedText.message(words).unicodeScalars, maxBytes: Self.excerptLimitBytes)
        let isRedirect = (300...399).contains(status.code)
        return "answered \(status.code)" + (excerpt.isEmpty ? "" : ": \(excerpt)")
            + (isRedirect ? "; redirects are not followed" : "")
    }
}

enum ChannelVerdict: Hashable, Sendable {
    case accepted
    /// It would be answered so again.
    case refused(String)
    /// It may be answered otherwise later.
    /// - wait: for which the service asks.
    case later(String, wait: Span?)
}
