import CronModel
import CronSchedule
import HTTPTypes
import Hummingbird
import NIOCore

/// What all pages have in common, and how what handlers answer becomes a response.
struct WebSite: Sendable {
    let templates: WebTemplates
    let assets: WebAssets
    let keys: WebKeys
    let counts: WebCounts
    let live: WebLive
    let clock: any EngineClock

    func response(to request: WebRequest, _ reply: WebReply) async throws -> Response {
        switch reply {
        case .response(let response): return response
        case .seeOther(let path, let flash, let cookies):
            var headers = WebHeaders.page
            headers[.location] = path.text
            for cookie in cookies { headers.append(cookie) }
            if let flash {
                headers.append(
                    WebCookie.flash.field(
                        flash.cookie(keys), life: WebCookie.flashLife, isSecure: request.isSecure))
            }
            return Response(status: .seeOther, headers: headers)
        case .page(let page):
            // What a script shows anew is one of the page's parts; of a page with none it gets all.
            guard let region = request.region, page.regions.contains(region), page.status == .ok else {
                return try await self.page(page, to: request)
            }
            return try await fragment(region, of: page, to: request)
        }
    }

    private func page(_ page: WebPage, to request: WebRequest) async throws -> Response {
        let flash = flash(of: request)
        let layout = await layout(of: page, flash, for: request)
        let text = try render(page.template, page.view, in: layout)
        return response(text, type: "text/html; charset=utf-8", page, spending: flash, request)
    }

    private func fragment(_ region: String, of page: WebPage, to request: WebRequest) async throws -> Response {
        let flash = flash(of: request)
        let layout = await layout(of: page, nil, for: request)
        let text = try render(region, page.view, in: layout)
        var response = response(
            text, type: "\(WebRequest.fragmentType); charset=utf-8", page, spending: flash, request)
        response.headers[.cronppFlash] = flash.map { PercentText.encoded($0.text) }
        return response
    }

    private func render(_ template: String, _ view: some Sendable, in layout: LayoutView) throws -> String {
        try templates.render(template, WholeView(layout: layout, page: view))
    }

    private func layout(of page: WebPage, _ flash: Flash?, for request: WebRequest) async -> LayoutView {
        let counts = await counts.of(request.visitor)
        return LayoutView(
            page, flash, counts, for: request, assets: assets.base, formToken: request.session?.formToken(keys) ?? "",
            live: live, now: clock.now)
    }

    private func flash(of request: WebRequest) -> Flash? {
        request.cookies[.flash].flatMap { Flash(cookie: $0, keys) }
    }

    private func response(
        _ text: String, type: String, _ page: WebPage, spending flash: Flash?, _ request: WebRequest
    ) -> Response {
        var headers = WebHeaders.page
        headers[.contentType] = type
        for field in page.headers { headers[field.name] = field.value }
        if flash != nil {
            headers.append(WebCookie.flash.field(nil, life: .zero, isSecure: request.isSecure))
        }
        return Response(status: page.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// How pages hear what happens.
struct WebLive: Sendable {
    /// How often a page asks besides, where its node does not hear what other nodes do.
    static let askEvery = Span.seconds(5)

    let events: any EventChannel
    /// Whether this node is told what all nodes do.
    let isComplete: Bool
}

/// What a template sees: `layout` and `page`.
struct WholeView<Page: Sendable>: Sendable {
    let layout: LayoutView
    let page: Page
}
