import CronModel
import HTTPTypes
import Hummingbird

/// Reads who is asking from the bearer token.
struct SignIn: Sendable {
    let tokens: Tokens

    /// - Throws: one and the same problem, whatever is wrong with the token.
    func check(_ request: Request) async throws(Problem) -> SignedIn {
        guard let header = request.headers[.authorization] else { throw .unauthenticated }
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer",
            let signedIn = await tokens.signedIn(by: String(words[1]))
        else { throw .unauthenticated }
        return signedIn
    }
}
