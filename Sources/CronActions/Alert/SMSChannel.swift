import CronModel

/// Short messages to telephones, through a gateway that speaks HTTP.
struct SMSChannel: AlertChannel {
    static let type = "sms"
    static let members: [Schema.Member] = [
        .field("gateway", .choice(SMSGatewayName.self), "Who sends them."),
        .field("account", ChannelFields.from, "Twilio: the Account SID. Vonage: the API key."),
        .field("token", ChannelFields.token, "Twilio: the auth token. Vonage: the API secret."),
        .field("from", ChannelFields.from, "A number of yours or a sender's name; of Twilio also a messaging service."),
        .field("recipients", ChannelFields.people, "Numbers such as `+14155550100`, unless an alert has its own."),
        .field("url", ChannelFields.url, "Of another server that speaks as the gateway does."),
    ]

    /// Of a text; what a gateway takes at once it divides by itself (twilio.com, error 21617).
    static let maxUnits = 1_600

    let people: [String]?
    private let gateway: any SMSGateway

    init?(_ reader: inout FieldReader, _ addresses: AddressGuard) {
        let name = reader.choice("gateway", SMSGatewayName.self)
        if name == nil, reader.value("gateway") == nil { reader.refuse("gateway", "is required") }
        let account = reader.requiredToken("account")
        let token = reader.requiredToken("token")
        let from = reader.string("from", limit: ChannelFields.maxNameBytes)
        if from == nil, reader.value("from") == nil { reader.refuse("from", "is required") }
        let people = reader.people { PhoneNumber($0) == nil ? PhoneNumber.problem : nil }
        let base = reader.base(name?.standardURL ?? "", addresses)
        guard let name, let account, let token, let from, let base else { return nil }
        guard let gateway = name.gateway(base: base, account: account, token: token, from: from) else {
            reader.refuse("account", "must be letters and digits")
            return nil
        }
        self.gateway = gateway
        self.people = people
    }

    func parcel(_ message: AlertMessage, for person: String?) throws(ChannelProblem) -> Parcel {
        guard let number = PhoneNumber(person ?? "") else {
            throw ChannelProblem(message: "\"\((person ?? "").prefix(40))\" \(PhoneNumber.problem)")
        }
        let text = "\(message.heading)\n\(message.text)"
        return .request(gateway.request(CutText.fitting(text, Self.maxUnits), to: number))
    }

    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict { gateway.verdict(answer) }
}

/// The gateways that there are.
enum SMSGatewayName: String, CaseIterable, Sendable {
    case twilio
    case vonage

    fileprivate var standardURL: String {
        switch self {
        case .twilio: TwilioGateway.standardURL
        case .vonage: VonageGateway.standardURL
        }
    }

    fileprivate func gateway(base: String, account: String, token: String, from: String) -> (any SMSGateway)? {
        switch self {
        case .twilio: TwilioGateway(base: base, account: account, token: token, from: from)
        case .vonage: VonageGateway(base: base, account: account, token: token, from: from)
        }
    }
}

/// How one gateway is spoken to.
protocol SMSGateway: Sendable {
    func request(_ text: String, to number: PhoneNumber) -> ChannelRequest
    func verdict(_ answer: ChannelAnswer) -> ChannelVerdict
}

/// A telephone's number (E.164).
struct PhoneNumber: Hashable, Sendable {
    static let problem = "must be a number such as +14155550100"
    private static let counts = 7...15

    let digits: String

    /// Blanks, hyphens, dots and brackets do not count.
    init?(_ text: String) {
        let separators: Set<Character> = [" ", "-", ".", "(", ")"]
        let number = text.filter { !separators.contains($0) }
        let digits = number.dropFirst()
        guard number.first == "+", Self.counts.contains(digits.utf8.count), digits.first != "0",
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        self.digits = String(digits)
    }

    var international: String { "+\(digits)" }
}
