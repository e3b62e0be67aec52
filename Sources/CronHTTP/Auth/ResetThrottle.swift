import CronModel
import CronSchedule

/// How often mails with tokens may be asked for, counted by all nodes together where they can. The account's count goes up
/// whether there is such an account or not.
struct ResetThrottle: Sendable {
    /// No longer than a token is good, or others could use an account up while no token of it is.
    static let window = ResetMails.life
    static let perAccount = 5
    static let perAddress = 20

    let counter: any RateCounter

    func admit(_ email: String, from address: String) async throws(Problem) {
        try await admit("reset-mail:address:\(address)", Self.perAddress)
        try await admit("reset-mail:account:\(email)", Self.perAccount)
    }

    private func admit(_ key: String, _ most: Int) async throws(Problem) {
        let count = await counter.count(key, window: Self.window)
        guard count.uses > most else { return }
        throw .refused(.tooManyAttempts, "too many mails have been asked for", for: count.endsIn)
    }
}
