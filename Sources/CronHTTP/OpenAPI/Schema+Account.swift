import CronModel

/// What signing in is made of.
extension Schema {
    static let user = Schema.object([
        .required("id", .id),
        .required("space", .id, "Whose jobs, runs and settings the account works on."),
        .required("role", .choice(UserRole.self)),
        .required("email", .email, "In lower case."),
        .required("name", Schema.string().orNull),
        .required("disabled", .bool, "Can neither sign in nor use API keys."),
        .required("created_at", .instant),
    ]).named("User")

    /// A password that is to be kept.
    static let newPassword = Schema.string(Passwords.fewestCharacters...Passwords.mostBytes)
    static let aboutPassword =
        "At least \(Passwords.fewestCharacters) characters, at most \(Passwords.mostBytes) bytes."

    static let passwordReset = Schema.object([
        .required("token", .string(), "Chooses a password, once."), .required("expires_at", .instant),
    ]).named("PasswordReset")

    static let email: Schema = {
        let local = #"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"#
        let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        return .string(
            3...EmailAddress.longest, pattern: #"^(?=[^@]{1,64}@)\#(local)(\.\#(local))*@\#(label)(\.\#(label))*$"#,
            format: "cronpp-email")
    }()

    static let registration = Schema.object([
        .required("email", .email),
        .required("password", .newPassword, aboutPassword),
        .field("name", .string(0...Accounts.nameLimitBytes), "What to call you."),
        .field(
            "setup_code", .string(0...SetupCode.longest),
            "For the first account, where registration is `first`: the code that the server printed."),
    ]).named("Registration")

    static let credentials = Schema.object([
        .required("email", .string(0...Passwords.mostBytes)),
        .required("password", .string(0...Passwords.mostBytes)),
    ]).named("Credentials")

    static let refreshToken = Schema.object([
        .required("refresh_token", .string(0...Passwords.mostBytes))
    ]).named("RefreshToken")

    static let session = Schema.object([
        .required("access_token", .string(), "For `Authorization: Bearer`."),
        .required("refresh_token", .string(), "Gives the next pair, once."),
        .required("token_type", .constant(.string("Bearer"))),
        .required("expires_in", .count(from: 1), "Seconds that the access token lives."),
    ]).named("Session")
}
