import CronEngine
import CronModel
import HTTPTypes
import Hummingbird

/// All pages of the web interface, and all that their forms do. A page is one line here, one template and one view.
struct WebRoutes: Sendable {
    let accounts: AccountPages
    let choices: ChoicePages
    let jobs: JobsPages
    let job: JobPages
    let editor: EditorPages
    let run: RunPages
    let now: NowPages
    let cluster: ClusterPages
    let manyJobs: ManyJobsPages
    let runs: RunsPages
    let calendar: CalendarPages
    let dead: DeadPages
    let used: UsedPages
    let live: LivePages
    let people: WebPeople
    let assets: WebAssets

    var all: [WebRoute] { pages + used.routes + people.routes + decisions }

    private var pages: [WebRoute] {
        [
            WebRoute(.get, "/", .jobs(.read), now.show),
            WebRoute(.get, "/cluster", .jobs(.read), cluster.show),
            WebRoute(.get, "/calendar", .jobs(.read), calendar.show),

            WebRoute(.get, "/setup", .open, accounts.setup),
            WebRoute(.post, "/setup", .open, accounts.register),
            WebRoute(.get, "/login", .open, accounts.login),
            WebRoute(.post, "/login", .open, accounts.signIn),
            WebRoute(.post, "/logout", .signedIn, accounts.signOut),
            WebRoute(.post, "/choices", .open, choices.choose),

            WebRoute(.get, "/jobs", .jobs(.read), jobs.list),
            WebRoute(.get, "/jobs/{id}", .jobs(.read), job.show),
            WebRoute(.get, "/jobs/new", .jobs(.write), editor.new),
            WebRoute(.post, "/jobs/new", .jobs(.write), editor.create),
            WebRoute(.get, "/jobs/preview", .jobs(.read), editor.preview),
            WebRoute(.post, "/jobs/preview", .jobs(.read), editor.preview),
            WebRoute(.get, "/jobs/{id}/edit", .jobs(.write), editor.edit),
            WebRoute(.post, "/jobs/{id}/edit", .jobs(.write), editor.save),
            WebRoute(.post, "/jobs/{id}/pause", .jobs(.operate), job.pause),
            WebRoute(.post, "/jobs/{id}/resume", .jobs(.operate), job.resume),
            WebRoute(.post, "/jobs/{id}/run", .jobs(.operate), job.run),
            WebRoute(.post, "/jobs/{id}/delete", .jobs(.write), job.delete),

            WebRoute(.post, "/jobs/bulk/pause", .jobs(.operate), manyJobs.pause),
            WebRoute(.post, "/jobs/bulk/resume", .jobs(.operate), manyJobs.resume),
            WebRoute(.post, "/jobs/bulk/trigger", .jobs(.operate), manyJobs.trigger),
            WebRoute(.post, "/jobs/bulk/delete", .jobs(.write), manyJobs.delete),

            WebRoute(.get, "/dead", .jobs(.read), dead.list),
            WebRoute(.post, "/dead/redrive", .jobs(.operate), dead.redrive),
            WebRoute(.post, "/dead/discard", .jobs(.operate), dead.discard),

            WebRoute(.get, "/runs", .jobs(.read), runs.list),
            WebRoute(.get, "/runs/{id}", .jobs(.read), run.show),
            WebRoute(.get, "/runs/{id}/output", .jobs(.read), live.output),
            WebRoute(.post, "/runs/{id}/cancel", .jobs(.operate), run.cancel),
            WebRoute(.post, "/runs/{id}/redrive", .jobs(.operate), run.redrive),
            WebRoute(.post, "/runs/{id}/discard", .jobs(.operate), run.discard),

            WebRoute(.get, "/live", .jobs(.read), live.stream),
            .file(.get, "/assets/{digest}/{name}") { [assets] request in
                try assets.response(request.text("name"), digest: request.text("digest"))
            },
            .file(.get, "/favicon.ico") { [assets] _ in try assets.response("mark.svg", digest: "") },
        ]
    }

    /// What a form about many things was answered with: nothing to come back to.
    private var decisions: [WebRoute] {
        let ofJobs = BulkVerb.allCases.map { ("/jobs/bulk/\($0.rawValue)", LocalPath.jobs) }
        return (ofJobs + [("/dead/redrive", .dead), ("/dead/discard", .dead)]).map { path, list in
            WebRoute(.get, path, .jobs(.read)) { _ in .seeOther(list) }
        }
    }
}

extension WebRoute {
    /// A file that pages need: for anybody, and not counted.
    static func file(
        _ method: HTTPRequest.Method, _ path: String, _ handler: @escaping @Sendable (APIRequest) throws -> Response
    ) -> WebRoute {
        var route = WebRoute(method, path, .open) { request in .response(try handler(request.base)) }
        route.isFree = true
        return route
    }
}
