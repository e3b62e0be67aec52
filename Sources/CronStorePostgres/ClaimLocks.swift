import CronModel
import CronSchedule

/// What nodes agree on before they claim, so that they do not reach for the same rows: waiting runs are divided into
/// shards by their ids, and who holds a shard's lock claims there. Only an efficiency: `SKIP LOCKED` and the fence decide.
struct ClaimLocks: Sendable {
    static let shardCount = 4
    private static let life = Span.seconds(2)
    /// Runs this late are claimed by whoever sees them: a lock that is never given back costs this, not a firing.
    static let patience = Span.seconds(1)
    /// How soon shards that others held are looked at again.
    static let pause = Span.milliseconds(100)

    private let provider: any LockProvider

    init(_ provider: any LockProvider) {
        self.provider = provider
    }

    struct Hold: Sendable {
        var shards: [Int] = []
        fileprivate var tokens: [LockToken] = []

        var isWhole: Bool { shards.count == shardCount }
    }

    /// The shards that nobody else holds.
    func take() async -> Hold {
        var hold = Hold()
        // Each node from another end, or who comes first would always get all.
        let first = Int.random(in: 0..<Self.shardCount)
        for shard in (0..<Self.shardCount).map({ (first + $0) % Self.shardCount }) {
            switch await provider.acquire("claim:\(shard)", ttl: Self.life) {
            case .heldByMe(let token):
                hold.shards.append(shard)
                hold.tokens.append(token)
            case .heldByOther:
                break
            case .unknown:
                // Each of the others would cost its time limit too, and who cannot ask need not wait.
                hold.shards = Array(0..<Self.shardCount)
                return hold
            }
        }
        return hold
    }

    func release(_ hold: Hold) async {
        for token in hold.tokens { await provider.release(token) }
    }
}
