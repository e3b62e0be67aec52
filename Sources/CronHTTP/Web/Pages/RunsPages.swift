import CronEngine
import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird

/// The list of runs.
struct RunsPages: Sendable {
    static let rows = 50
    static let region = "runs-region"

    let jobs: JobControl
    let runs: RunControl
    let clock: any EngineClock

    @Sendable func list(_ request: WebRequest) async throws -> WebReply {
        let owner = try request.base.owner
        let filter = try await RunsFilter(request, of: .runs, choosesStatus: true, jobs: jobs)
        let isWrong = !filter.problems.isEmpty
        let page =
            isWrong ? Page(items: [], next: nil) : try await runs.list(filter.query(owner: owner, limit: Self.rows))
        let view = RunsPageView(
            filter, page, try await jobs.known(of: page.items, owner: owner),
            TimeText(now: clock.now, choices: request.choices), for: request)
        return .page(
            WebPage(
                title: "Runs", template: "runs", view: view, regions: [Self.region], section: .runs,
                status: isWrong ? .unprocessableContent : .ok))
    }
}

extension LocalPath {
    static let runs = LocalPath("/runs") ?? .home
    static let dead = LocalPath("/dead") ?? .home
}
