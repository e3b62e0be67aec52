import Crypto
import Synchronization

/// Identities that were read, so that an attempt costs a digest (about 10 µs for 3 KB) and not the parsing and checking of
/// keys. What is forgotten is read again.
final class TLSIdentities: Sendable {
    /// Then the one that was used longest ago goes.
    static let limit = 128

    private struct State {
        var known: [SHA256Digest: (identity: TLSIdentity, lastUse: Int)] = [:]
        var uses = 0
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.known.count } }

    /// The identity of these texts, by `read` if it is not known; texts that cannot be read are not remembered.
    func identity(_ texts: TLSIdentity.Texts, read: (SHA256Digest) -> TLSIdentity?) -> TLSIdentity? {
        let digest = texts.digest
        if let known = recall(digest) { return known }
        guard let identity = read(digest) else { return nil }
        state.withLock { state in
            state.uses += 1
            if state.known.count >= Self.limit,
                let oldest = state.known.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.known[oldest.key] = nil
            }
            state.known[digest] = (identity, state.uses)
        }
        return identity
    }

    private func recall(_ digest: SHA256Digest) -> TLSIdentity? {
        state.withLock { state in
            guard let known = state.known[digest] else { return nil }
            state.uses += 1
            state.known[digest] = (known.identity, state.uses)
            return known.identity
        }
    }
}
