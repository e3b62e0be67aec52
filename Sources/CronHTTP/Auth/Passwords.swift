import Foundation

/// Hashes and checks passwords, few at once and on threads of their own that give way to all others: a burst of logins
/// must not take the processor from the runs that are due. Dispatch would not do: it has as many threads as the machine
/// has cores, and tasks share them.
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
            BackgroundThread.run {
                continuation.resume(
                    returning: Result { try PasswordHash.compute(password, cost: cost, salt: salt) })
            }
        }
        await gate.leave()
        return try result.get()
    }
}

/// Long work without waits, on a thread that gets what others leave.
enum BackgroundThread {
    /// The steps of `nice`, of 19: beside a thread of the usual priority it gets a tenth.
    static let niceness: Int32 = 10
    private static let stackSize = 1 << 20

    static func run(_ work: @escaping @Sendable () -> Void) {
        let thread = Thread {
            // On Linux a priority is a thread's, and 0 is the one that asks.
            // An enum in Glibc and a number elsewhere.
            #if canImport(Glibc)
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
            #else
                setpriority(PRIO_PROCESS, 0, niceness)
            #endif
            work()
        }
        thread.name = "passwords"
        thread.stackSize = stackSize
        thread.start()
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
