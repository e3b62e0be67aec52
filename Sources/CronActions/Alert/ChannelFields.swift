import CronModel

/// Fields that several types of channels have: their limits, how they are read, and how they are described.
enum ChannelFields {
    static let maxTokenBytes = 1_024
    static let maxNameBytes = 200
    /// A channel's own recipients. An alert may have more.
    static let maxPeople = 100

    static let url = Schema.string(1...WebhookURL.maxBytes, format: "cronpp-channel-url")
    static let token = Schema.line(1...maxTokenBytes)
    static let from = Schema.line(1...maxNameBytes)
    static let people = Schema.list(of: .line(1...maxNameBytes), 0...maxPeople)
}

extension FieldReader {
    /// Text of printable ASCII, as tokens and keys are: it goes into headers and URLs.
    mutating func token(_ field: String) -> String? {
        guard let text = string(field, limit: ChannelFields.maxTokenBytes) else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            refuse(field, "must be printable ASCII without blanks")
            return nil
        }
        return text
    }

    mutating func requiredToken(_ field: String) -> String? {
        let text = token(field)
        if text == nil, value(field) == nil { refuse(field, "is required") }
        return text
    }

    /// The base of a service's URLs: its own unless the field names another, of a test or of a server on the way.
    mutating func base(_ standard: String, _ addresses: AddressGuard) -> String? {
        guard value("url") != nil else { return standard }
        guard let url = url("url", addresses) else { return nil }
        return url.text.hasSuffix("/") ? String(url.text.dropLast()) : url.text
    }

    /// - Parameter check: what is wrong with one; nil when nothing is.
    mutating func people(_ check: (String) -> String?) -> [String] {
        guard let value = value("recipients") else { return [] }
        guard let items = value.arrayValue, items.count <= ChannelFields.maxPeople else {
            refuse("recipients", "must be a list of at most \(ChannelFields.maxPeople)")
            return []
        }
        return items.enumerated().compactMap { index, item in
            let text = item.stringValue ?? ""
            if let problem = item.stringValue == nil ? "must be a string, not \(item.kindName)" : check(text) {
                refuse("recipients[\(index)]", problem)
            }
            return text
        }
    }
}

/// RFC 3986 §2.1.
enum PercentCoding {
    static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
