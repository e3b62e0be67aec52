import CronEngine
import CronModel
import CronSchedule

/// The numbers beside the navigation, asked of the store now and then and not with every page.
struct WebCounts: Sendable {
    static let remembered = Span.seconds(5)
    /// Spaces that are remembered.
    static let spaces = 1_000

    private let jobs: JobControl
    private let known: Remembered<UserID, [WebSection: Int]>

    init(jobs: JobControl, clock: any EngineClock) {
        self.jobs = jobs
        known = Remembered(for: Self.remembered, limit: Self.spaces, clock: clock)
    }

    /// Without those that cannot be told now.
    func of(_ visitor: SignedIn?) async -> [WebSection: Int] {
        guard let visitor, visitor.allows(Permission(.jobs, .read)) else { return [:] }
        let space = visitor.user.space
        if let counts = known[space] { return counts }
        guard let count = try? await jobs.count(JobQuery(owner: space)) else { return [:] }
        known[space] = [.jobs: count]
        return [.jobs: count]
    }

    /// Somebody here has made or deleted something.
    func forget() { known.removeAll() }
}
