/// What is shown in place of a secret.
enum SecretMark {
    static let text = "********"
    /// Shorter values would be found everywhere, and are no secrets.
    static let shortestHidden = 4

    /// A text without the secrets.
    static func hiding(_ secrets: [String], in text: String) -> String {
        secrets.sorted { $0.utf8.count > $1.utf8.count }.reduce(text) { text, secret in
            secret.utf8.count < shortestHidden ? text : text.replacing(secret, with: Self.text)
        }
    }
}
