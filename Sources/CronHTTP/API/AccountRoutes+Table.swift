import CronModel
import HTTPTypes

extension AccountRoutes {
    var routes: [Route] {
        [
            Route(
                .post, "/api/v1/auth/register", .open,
                Operation(
                    "register", .accounts, "Make an account",
                    about: "Who may is the operator's choice (`REGISTRATION`): anybody, only the first person, nobody.",
                    body: .json(.registration, example: Self.example(with: ["name": "Ann".json])),
                    answers: [.json(.user, status: .created, "The account.")],
                    problems: [.forbidden, .conflict, .tooManyAttempts]),
                register),
            Route(
                .post, "/api/v1/auth/login", .open,
                Operation(
                    "login", .accounts, "Sign in",
                    about: "Failed attempts are throttled, by account and by address.",
                    body: .json(.credentials, example: Self.example()), answers: [Self.session],
                    problems: [.unauthenticated, .tooManyAttempts]),
                login),
            Route(
                .post, "/api/v1/auth/refresh", .open,
                Operation(
                    "refresh", .accounts, "Exchange a refresh token",
                    about: "Each works once. One that is used twice ends everything that began with its sign-in.",
                    body: .json(.refreshToken, example: Self.token), answers: [Self.session],
                    problems: [.unauthenticated]),
                refresh),
            Route(
                .post, "/api/v1/auth/logout", .open,
                Operation(
                    "logout", .accounts, "Sign out", about: "A token that is not valid is as good as signed out.",
                    body: .json(.refreshToken, example: Self.token), answers: [.noContent]),
                logout),
            Route(
                .get, "/api/v1/me", .signedIn,
                Operation("readMe", .accounts, "Who is signed in", answers: [.json(.user)]), me),
            Route(
                .patch, "/api/v1/me", .signedIn,
                Operation(
                    "patchMe", .accounts, "Change one's name", about: Self.sessionOnly,
                    body: .json(
                        .object([.field("name", .string(0...Accounts.nameLimitBytes))]),
                        example: .object(["name": "Ann".json])), answers: [.json(.user)], problems: [.forbidden]),
                rename),
            Route(
                .post, "/api/v1/me/password", .signedIn,
                Operation(
                    "changePassword", .accounts, "Change one's password",
                    about: "Ends all other sessions. \(Self.sessionOnly)",
                    body: .json(
                        .object([
                            .required("current_password", .string(0...Passwords.mostBytes)),
                            .required("new_password", .newPassword, Schema.aboutPassword),
                        ])), answers: [.noContent], problems: [.forbidden, .tooManyAttempts]),
                changePassword),
        ]
    }

    static let sessionOnly = "Not by an API key."

    private static let session = AnswerDescription.json(.session, "Tokens.", headers: [.noStore])

    private static let token = JSONValue.object(["refresh_token": "the one that signing in has given".json])

    private static func example(with more: [String: JSONValue] = [:]) -> JSONValue {
        .object(
            ["email": "ann@example.com".json, "password": "12 characters or more".json]
                .merging(more) { first, _ in first })
    }
}
