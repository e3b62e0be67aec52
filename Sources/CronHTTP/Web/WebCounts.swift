import CronEngine
import CronModel
import CronSchedule

/// The numbers beside the navigation, asked of the store now and then and not with every page.
struct WebCounts: Sendable {
    static let remembered = Span.seconds(5)
    /// Spaces that are remembered.
    static let spaces = 1_000
    /// Dead letters that are counted; more are told as `100+`.
    static let dead = 100

    private let jobs: JobControl
    private let runs: RunControl
    private let known: Remembered<UserID, [WebSection: String]>

    init(jobs: JobControl, runs: RunControl, clock: any EngineClock) {
        self.jobs = jobs
        self.runs = runs
        known = Remembered(for: Self.remembered, limit: Self.spaces, clock: clock)
    }

    /// Without those that cannot be told now.
    func of(_ visitor: SignedIn?) async -> [WebSection: String] {
        guard let visitor, visitor.allows(Permission(.jobs, .read)) else { return [:] }
        let space = visitor.user.space
        if let counts = known[space] { return counts }
        guard let count = try? await jobs.count(JobQuery(owner: space)),
            let dead = try? await runs.deadLetterCount(owner: space, upTo: Self.dead + 1)
        else { return [:] }
        var counts: [WebSection: String] = [.jobs: "\(count)"]
        if dead > 0 { counts[.dead] = dead > Self.dead ? "\(Self.dead)+" : "\(dead)" }
        known[space] = counts
        return counts
    }

    /// Somebody here has made, ended or deleted something.
    func forget() { known.removeAll() }
}
