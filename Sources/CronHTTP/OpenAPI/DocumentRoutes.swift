import CronModel
import HTTPTypes
import Hummingbird

/// The API's description, for programs and for people. It is written once, when the server is made: routes do not change.
struct DocumentRoutes: Sendable {
    let routes: [Route]

    /// - Parameter described: all other routes; its own are described too.
    init(describing described: [Route], version: String) {
        let unwritten = Self.routes {
            throw Problem.notFound
        } page: {
            throw Problem.notFound
        }
        let document = Document(routes: described + unwritten, version: version)
        let json = JSONWriter.text(document.json)
        let page = DocumentPage(document)
        routes = Self.routes {
            Answer.text(json, type: "application/json")
        } page: {
            page.response
        }
    }

    private static func routes(
        json: @escaping @Sendable () throws -> Response, page: @escaping @Sendable () throws -> Response
    ) -> [Route] {
        [
            Route(
                .get, "/openapi.json", .open,
                Operation(
                    "readOpenAPI", .documents, "This API as OpenAPI 3.1",
                    answers: [.json(.object([], isOpen: true))], usesStore: false),
                { _ in try json() }),
            Route(
                .get, "/docs", .open,
                Operation(
                    "readDocs", .documents, "This API as a page",
                    answers: [.text("text/html", "The page. It needs no script.")], usesStore: false),
                { _ in try page() }),
        ]
    }
}
