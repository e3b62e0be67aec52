import CronModel
import Synchronization

/// How many streams of a kind are open: each holds a connection and a task for up to the life of an access token.
final class StreamSlots: Sendable {
    /// Whose streams are counted besides those of the node.
    private enum Holder: Hashable {
        case user(UserID)
        case run(RunID)
    }

    private struct State {
        var byHolder: [Holder: Int] = [:]
        var all = 0
    }

    /// What the streams carry, as a problem says it.
    let what: String
    let mostOfUser: Int
    let mostOfRun: Int
    let mostOfNode: Int
    private let state = Mutex(State())

    init(of what: String, mostOfUser: Int, mostOfRun: Int = .max, mostOfNode: Int) {
        self.what = what
        self.mostOfUser = mostOfUser
        self.mostOfRun = mostOfRun
        self.mostOfNode = mostOfNode
    }

    /// - Parameter run: which the stream is about, if about one only.
    /// - Throws: the problem that names the limit.
    func take(for user: UserID, run: RunID? = nil) throws(Problem) -> StreamSlot {
        let holders = [.user(user)] + (run.map { [Holder.run($0)] } ?? [])
        let limit = state.withLock { state -> (most: Int, whose: String)? in
            for holder in holders {
                let limit = self.limit(of: holder)
                if state.byHolder[holder, default: 0] >= limit.most { return limit }
            }
            if state.all >= mostOfNode { return (mostOfNode, "this node has") }
            for holder in holders { state.byHolder[holder, default: 0] += 1 }
            state.all += 1
            return nil
        }
        guard let limit else { return StreamSlot { self.giveBack(holders) } }
        var problem = Problem(
            .tooManyStreams, "\(limit.whose) \(limit.most) streams of \(what) open here, which is the limit")
        problem.members["limit"] = .integer(Int64(limit.most))
        throw problem
    }

    private func limit(of holder: Holder) -> (most: Int, whose: String) {
        switch holder {
        case .user: (mostOfUser, "you have")
        case .run: (mostOfRun, "the run has")
        }
    }

    private func giveBack(_ holders: [Holder]) {
        state.withLock { state in
            state.all -= 1
            for holder in holders {
                let left = state.byHolder[holder, default: 1] - 1
                state.byHolder[holder] = left > 0 ? left : nil
            }
        }
    }
}

/// The right to one stream, until nobody holds it: also when its response is never written.
final class StreamSlot: Sendable {
    private let giveBack: @Sendable () -> Void

    init(giveBack: @escaping @Sendable () -> Void) {
        self.giveBack = giveBack
    }

    deinit { giveBack() }
}
