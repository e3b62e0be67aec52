/// Who may make an account.
package enum Registration: String, CaseIterable, Sendable {
    /// The first one only, with the setup code.
    case first
    case open
    case closed
}

/// How accounts are made and entered on this server.
package struct AuthSettings: Sendable {
    package var registration: Registration
    /// Needed with `first`.
    package var setupCode: String?
    /// Called when the first account has been made.
    package var firstAccountMade: @Sendable () -> Void

    package init(
        registration: Registration, setupCode: String?, firstAccountMade: @escaping @Sendable () -> Void = {}
    ) {
        self.registration = registration
        self.setupCode = setupCode
        self.firstAccountMade = firstAccountMade
    }
}
