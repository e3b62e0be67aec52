import CronModel

extension FieldReader {
    /// A host that may be reached, as far as its text tells; nil when it is absent or wrong, which is told.
    mutating func requiredHost(_ field: String, _ addresses: AddressGuard) -> HostLiteral? {
        guard let text = string(field, limit: 253) else {
            if value(field) == nil { refuse(field, "is required") }
            return nil
        }
        do throws(HostLiteral.Problem) {
            let host = try HostLiteral(text.contains(":") && !text.hasPrefix("[") ? "[\(text)]" : text)
            if let refusal = addresses.refusal(of: host) { refuse(field, refusal.message) }
            return host
        } catch {
            refuse(field, error.message)
            return nil
        }
    }
}
