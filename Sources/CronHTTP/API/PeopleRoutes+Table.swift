import CronModel
import HTTPTypes

extension PeopleRoutes {
    private static let path = "/api/v1/users"
    private static let userID = Parameter.id("The account's id.")

    var routes: [Route] {
        [
            Route(
                .get, Self.path, .people(.read),
                Operation(
                    "listUsers", .users, "List the accounts of the space", parameters: Parameter.page,
                    answers: [.page(of: .user)]),
                list),
            Route(
                .post, Self.path, .people(.write),
                Operation(
                    "createUser", .users, "Make an account in the space",
                    about: "Whoever it is for chooses a password by the token in the answer.",
                    body: .json(
                        .object([
                            .required("email", .email), .required("role", .choice(UserRole.self)),
                            .field("name", .string(0...Accounts.nameLimitBytes)),
                        ]), example: .object(["email": "bob@example.com".json, "role": "editor".json])),
                    answers: [
                        .json(
                            Schema.user.extended(as: "InvitedUser", by: [.required("password_reset", .passwordReset)]),
                            status: .created, "The account.", headers: [.location(Self.path), .noStore])
                    ], problems: [.conflict, .limitReached]),
                create),
            Route(
                .get, "\(Self.path)/{id}", .people(.read),
                Operation("readUser", .users, "Read an account", parameters: [Self.userID], answers: [.json(.user)]),
                read),
            Route(
                .patch, "\(Self.path)/{id}", .people(.write),
                Operation(
                    "patchUser", .users, "Change an account's role, or disable it",
                    about: "Disabling ends its sessions at once. A space keeps at least one admin.",
                    parameters: [Self.userID],
                    body: .json(
                        .object([.field("role", .choice(UserRole.self)), .field("disabled", .bool)]),
                        example: .object(["role": "viewer".json])),
                    answers: [.json(.user)], problems: [.conflict]),
                edit),
            Route(
                .post, "\(Self.path)/{id}/password-reset", .people(.write),
                Operation(
                    "resetPassword", .users, "Let somebody choose a new password",
                    about:
                        "For somebody who gets no mail. Tokens that the account has been given before are good no more.",
                    parameters: [Self.userID],
                    body: .nothing,
                    answers: [.json(.passwordReset, status: .created, "The token, shown once.", headers: [.noStore])],
                    problems: [.limitReached]),
                reset),
        ]
    }
}
