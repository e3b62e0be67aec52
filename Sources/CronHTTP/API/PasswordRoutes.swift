import CronModel
import CronSchedule
import Hummingbird

/// A new password for somebody who cannot sign in.
struct PasswordRoutes: Sendable {
    let accounts: Accounts
    let throttle: ResetThrottle
    /// Nil where no mail is sent.
    let mails: ResetMails?
    let page = PasswordPage()

    /// Answers alike, at once, whether there is such an account or not.
    @Sendable func ask(_ request: APIRequest) async throws -> Response {
        var reader = try FieldReader(request: try await request.json())
        let email = reader.email()
        reader.refuseUnknown()
        guard reader.problems.isEmpty, let email else { throw Problem.invalid(reader.problems) }
        guard let mails else {
            throw Problem(.mailNotSetUp, "this server sends no mail; an admin of your space can give you a token")
        }
        try await throttle.admit(email, from: request.context.address)
        try mails.ask(email, from: request.caller)
        return Answer.json(
            .object(["expires_in": .integer(ResetMails.life.microseconds / 1_000_000)]), status: .accepted)
    }

    @Sendable func confirm(_ request: APIRequest) async throws -> Response {
        try await accounts.choosePassword(try await request.json(), from: request.caller)
        return Answer.noContent
    }

    @Sendable func show(_ request: APIRequest) async throws -> Response { page.response }
}
