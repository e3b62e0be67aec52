import CronModel

/// Fields of requests about accounts.
extension FieldReader {
    init(request json: JSONValue) throws(Problem) {
        guard let members = json.objectValue else { throw .invalid("", "must be an object, not \(json.kindName)") }
        self.init(members)
    }

    mutating func required(_ field: String, limit: Int = 1_024) -> String? {
        let known = problems.count
        if let text = string(field, limit: limit) { return text }
        if problems.count == known { refuse(field, "is required") }
        return nil
    }

    mutating func email() -> String? {
        guard let text = required("email", limit: EmailAddress.longest) else { return nil }
        guard let email = EmailAddress.normalized(text) else {
            refuse("email", "is not an email address")
            return nil
        }
        return email
    }

    mutating func newPassword(_ field: String = "password") -> String? {
        guard let password = required(field, limit: Passwords.mostBytes) else { return nil }
        guard password.unicodeScalars.count >= Passwords.fewestCharacters else {
            refuse(field, "must have at least \(Passwords.fewestCharacters) characters")
            return nil
        }
        return password
    }

    /// A name that people give: some text without control characters.
    mutating func name(limit: Int) -> String? {
        guard let name = required("name", limit: limit) else { return nil }
        guard !name.isEmpty, !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            refuse("name", "must be non-empty text without control characters")
            return nil
        }
        return name
    }
}
