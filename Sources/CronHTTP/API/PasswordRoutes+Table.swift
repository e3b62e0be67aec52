import CronModel
import HTTPTypes

extension PasswordRoutes {
    static let confirmPath = "/api/v1/auth/password-reset/confirm"

    var routes: [Route] {
        [
            Route(
                .post, "/api/v1/auth/password-reset", .open,
                Operation(
                    "askForPasswordReset", .accounts, "Have a token for a new password mailed",
                    about: """
                        The answer is the same whether there is such an account or not; the mail follows. \
                        At most \(ResetThrottle.perAccount) in half an hour for one account, \(ResetThrottle.perAddress) from one \
                        address. Where the operator has not set up mail (`MAIL_URL`), the problem is `mail-not-set-up`, and \
                        an admin of the space can give a token (`resetPassword`).
                        """,
                    body: .json(
                        .object([.required("email", .email)]), example: .object(["email": "ann@example.com".json])),
                    answers: [
                        .json(
                            .object([.required("expires_in", .count(from: 1), "Seconds that the token lives.")]),
                            status: .accepted, "A mail follows, if there is such an account.")
                    ], problems: [.mailNotSetUp, .tooManyAttempts]),
                ask),
            Route(
                .post, Self.confirmPath, .open,
                Operation(
                    "choosePassword", .accounts, "Choose a password by a token",
                    about: "The token came by mail or from an admin of the space. It works once and ends all sessions.",
                    body: .json(
                        .object([
                            .required("token", .string(0...Passwords.mostBytes)),
                            .required("new_password", .newPassword, Schema.aboutPassword),
                        ])), answers: [.noContent], problems: [.unauthenticated, .tooManyAttempts]),
                confirm),
            Route(
                .get, PasswordPage.path, .open,
                Operation(
                    "showPasswordPage", .accounts, "The page to which mails with tokens lead",
                    answers: [.text("text/html", "A form for a new password.")], usesStore: false),
                show),
        ]
    }
}
