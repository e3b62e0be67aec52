package import CronModel
import Synchronization

/// One attempt of this node whose output can be followed, between the action that writes it and whoever shows it. The
/// action is never held up: of what comes faster than it is taken the newest bytes are kept.
package final class OutputTap: Sendable {
    /// Bytes that follow each other, and where they begin.
    struct Written: Equatable {
        var start: Int64
        var bytes: [UInt8]
    }

    private struct State {
        var source: (any OutputSource)?
        /// What was written before the output was followed.
        var before: WrittenSoFar?
        /// What is not taken yet; it begins so many bytes behind what was taken or was there before.
        var fresh: [UInt8] = []
        var left = 0
        var taken: Int64?
        var isEnded = false
    }

    let key: OutputKey
    let space: UserID
    /// What is not to be seen of it.
    let secrets: [String]
    private let state = Mutex(State())

    init(key: OutputKey, space: UserID, secrets: [String]) {
        self.key = key
        self.space = space
        self.secrets = secrets
    }

    package func offer(_ source: any OutputSource) { state.withLock { $0.source = source } }

    func end() { state.withLock { $0.isEnded = true } }

    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Begins to follow, as soon as there is something; once more changes nothing. For one task at a time.
    func open() {
        let found = state.withLock { state in state.taken == nil ? state.source : nil }
        guard let source = found else { return }
        // Not under the lock: the source has one too, and holds it while it tells.
        let before = source.follow { [weak self] in self?.hear($0) }
        state.withLock { state in
            state.before = before
            state.taken = Int64(before.count)
        }
    }

    /// Leaves off; what comes meanwhile is not missed when it is opened again.
    func close() {
        state.withLock { $0.source }?.unfollow()
        state.withLock { state in
            state.before = nil
            state.fresh = []
            state.left = 0
            state.taken = nil
        }
    }

    /// What has come since the last call.
    func take() -> (written: [Written], isEnded: Bool) {
        state.withLock { state in
            guard let taken = state.taken else { return ([], state.isEnded) }
            var written: [Written] = []
            if let before = state.before {
                written.append(Written(start: 0, bytes: before.first))
                written.append(Written(start: Int64(before.count - before.last.count), bytes: before.last))
            }
            trim(&state)
            let start = taken + Int64(state.left)
            written.append(Written(start: start, bytes: state.fresh))
            state.taken = start + Int64(state.fresh.count)
            state.before = nil
            state.fresh = []
            state.left = 0
            return (written.filter { !$0.bytes.isEmpty }, state.isEnded)
        }
    }

    private func hear(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            state.fresh.append(contentsOf: bytes)
            // Twice as much, so that it is not moved for each piece.
            if state.fresh.count > 2 * OutputLimit.writtenBytes { trim(&state) }
        }
    }

    private func trim(_ state: inout State) {
        let surplus = state.fresh.count - OutputLimit.writtenBytes
        guard surplus > 0 else { return }
        state.fresh.removeFirst(surplus)
        state.left += surplus
    }
}
