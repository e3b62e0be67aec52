import Dispatch

/// Hashes and checks passwords off the cooperative pool, few at once: a burst of logins must not take the processor from
/// the runs that are due.
package struct Passwords: Sendable {
    static let fewestCharacters = 12
    static let mostBytes = 1_024

    enum Check: Hashable, Sendable {
        case wrong
        case right
        /// Right, but stored at another cost than today's.
        case outdated
    }

    private let cost: ScryptCost
    private let gate = HashGate()
    private let queue = DispatchQueue(label: "cronpp.passwords", attributes: .concurrent)

    package init(cost: ScryptCost = .standard) {
        self.cost = cost
    }

    package func hash(_ password: String) async throws -> String {
        try await compute(password, cost: cost, salt: RandomBytes.make(PasswordHash.saltBytes)).text
    }

    /// - Parameter stored: nil for an unknown user; it costs the same and is wrong.
    func check(_ password: String, against stored: String?) async throws -> Check {
        guard let stored = stored.flatMap({ PasswordHash(text: $0) }) else {
            _ = try await compute(password, cost: cost, salt: [UInt8](repeating: 0, count: PasswordHash.saltBytes))
            return .wrong
        }
        let computed = try await compute(password, cost: stored.cost, salt: stored.salt)
        guard isEqualInConstantTime(computed.hash, stored.hash) else { return .wrong }
        return stored.cost == cost ? .right : .outdated
    }

    private func compute(_ password: String, cost: ScryptCost, salt: [UInt8]) async throws -> PasswordHash {
        try await gate.enter()
        let result: Result<PasswordHash, any Error> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: Result { try PasswordHash.compute(password, cost: cost, salt: salt) })
            }
        }
        await gate.leave()
        return try result.get()
    }
}

/// Lets few in at a time; the others wait in line, and beyond a line's length they are sent away.
actor HashGate {
    static let widest = 2
    static let longestLine = 64

    struct LineTooLong: Error {}

    private var inside = 0
    private var line: [CheckedContinuation<Void, Never>] = []

    func enter() async throws(LineTooLong) {
        if inside < Self.widest {
            inside += 1
            return
        }
        guard line.count < Self.longestLine else { throw LineTooLong() }
        // Whoever leaves hands its place over, so `inside` stays as it is.
        await withCheckedContinuation { line.append($0) }
    }

    func leave() {
        if line.isEmpty { inside -= 1 } else { line.removeFirst().resume() }
    }
}

/// Bytes from the operating system's generator, for secrets.
enum RandomBytes {
    static func make(_ count: Int) -> [UInt8] {
        var system = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &system) }
    }
}
