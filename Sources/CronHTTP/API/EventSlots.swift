import CronModel
import Synchronization

/// How many streams of events are open: each holds a connection and a task for up to the life of an access token.
final class EventSlots: Sendable {
    static let mostOfUser = 8
    static let mostOfNode = 1_000

    private struct State {
        var byUser: [UserID: Int] = [:]
        var all = 0
    }

    private let state = Mutex(State())

    /// - Throws: the problem that names the limit.
    func take(for user: UserID) throws(Problem) -> EventSlot {
        let limit = state.withLock { state -> (most: Int, whose: String)? in
            if state.byUser[user, default: 0] >= Self.mostOfUser { return (Self.mostOfUser, "you have") }
            if state.all >= Self.mostOfNode { return (Self.mostOfNode, "this node has") }
            state.byUser[user, default: 0] += 1
            state.all += 1
            return nil
        }
        guard let limit else { return EventSlot { self.giveBack(user) } }
        var problem = Problem(
            .tooManyStreams, "\(limit.whose) \(limit.most) streams of events open here, which is the limit")
        problem.members["limit"] = .integer(Int64(limit.most))
        throw problem
    }

    private func giveBack(_ user: UserID) {
        state.withLock { state in
            state.all -= 1
            let left = state.byUser[user, default: 1] - 1
            state.byUser[user] = left > 0 ? left : nil
        }
    }
}

/// The right to one stream, until nobody holds it: also when its response is never written.
final class EventSlot: Sendable {
    private let giveBack: @Sendable () -> Void

    init(giveBack: @escaping @Sendable () -> Void) {
        self.giveBack = giveBack
    }

    deinit { giveBack() }
}
