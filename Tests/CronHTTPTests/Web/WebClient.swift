import CronModel
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import CronHTTP

/// A browser without script: it keeps cookies, and sends the forms of the pages that it was shown.
struct WebClient: Sendable {
    static let origin = "http://localhost"

    let client: any TestClientProtocol
    private(set) var cookies: [String: String] = [:]
    /// What the next requests carry besides.
    var headers: HTTPFields = [:]

    init(_ client: any TestClientProtocol) { self.client = client }

    mutating func get(_ path: String, headers: HTTPFields = [:]) async throws -> WebAnswer {
        try await send(.get, path, nil, headers)
    }

    /// A form as a page of ours would send it.
    mutating func post(
        _ path: String, _ fields: [String: String] = [:], headers: HTTPFields? = nil
    ) async throws -> WebAnswer {
        var all: HTTPFields = [.contentType: FormFields.mediaType]
        for field in headers ?? [.origin: Self.origin] { all[field.name] = field.value }
        let body = fields.sorted { $0.key < $1.key }
            .map { "\(PercentText.encoded($0.key))=\(PercentText.encoded($0.value))" }.joined(separator: "&")
        return try await send(.post, path, body, all)
    }

    /// Presses the button of a page's form.
    mutating func submit(
        _ action: String, on page: WebAnswer, _ typed: [String: String] = [:]
    ) async throws -> WebAnswer {
        let form = try #require(page.form(action), "no form for \(action) in \(page.text)")
        return try await post(action, form.merging(typed) { $1 })
    }

    /// What a page's script would get.
    mutating func fragment(_ path: String, _ region: String, headers: HTTPFields = [:]) async throws -> WebAnswer {
        var all: HTTPFields = [.accept: WebRequest.fragmentType, .cronppRegion: region]
        for field in headers { all[field.name] = field.value }
        return try await get(path, headers: all)
    }

    /// Follows where an answer leads.
    mutating func follow(_ answer: WebAnswer) async throws -> WebAnswer {
        #expect(answer.status == 303, "\(answer)")
        return try await get(try #require(answer.location))
    }

    mutating func signIn(_ name: String, password: String = "correct horse battery") async throws {
        let answer = try await post("/login", ["email": "\(name)@example.org", "password": password])
        try #require(answer.status == 303, "\(answer)")
    }

    mutating func set(_ cookie: WebCookie, _ value: String?) { cookies[cookie.rawValue] = value }

    private mutating func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String?, _ more: HTTPFields
    ) async throws -> WebAnswer {
        var headers = self.headers
        if !cookies.isEmpty {
            headers[.cookie] = cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
        }
        for field in more { headers[field.name] = field.value }
        let answer = try await client.execute(
            uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) }
        ) { response in
            WebAnswer(
                status: Int(response.status.code), headers: response.headers, text: String(buffer: response.body))
        }
        for cookie in answer.headers[values: .setCookie] {
            let pair = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            cookies[String(pair[0])] = cookie.contains("Max-Age=0") ? nil : String(pair[1])
        }
        return answer
    }
}

struct WebAnswer: Sendable, CustomStringConvertible {
    let status: Int
    let headers: HTTPFields
    let text: String

    var description: String { "\(status) \(location ?? "") \(text.suffix(900))" }
    var location: String? { headers[.location] }
    var isPage: Bool { headers[.contentType] == "text/html; charset=utf-8" }

    /// The hidden fields that are sent there, as a browser reads them; nil when there is neither form nor button for it.
    func form(_ action: String) -> [String: String]? {
        let button = text.firstRange(of: "<button form=\"act\" formaction=\"\(action)\">")
        let tag = button == nil ? "<form method=\"post\" action=\"\(action)\"" : "<form id=\"act\""
        guard let start = text.firstRange(of: tag) else { return nil }
        let form = text[start.upperBound...]
        let end = form.firstRange(of: "</form>")?.lowerBound ?? form.endIndex
        let inputs = form[..<end].matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)">/)
        return Dictionary(inputs.map { (String($0.1), Self.read($0.2)) }) { $1 }
    }

    /// A region of the page, from its first tag to its last.
    func region(_ name: String) -> String? {
        guard let start = text.firstRange(of: "<section class=\"region\" data-region=\"\(name)\""),
            let end = text[start.lowerBound...].firstRange(of: "</section>\n")
        else { return nil }
        return String(text[start.lowerBound..<end.upperBound])
    }

    private static func read(_ escaped: Substring) -> String {
        String(escaped).replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
            .replacing("&#39;", with: "'").replacing("&amp;", with: "&")
    }
}

extension TestBed {
    /// Somebody with an account and a browser, and a client of the API for the same account.
    func browsing(
        _ test: @Sendable (inout WebClient, TestClient) async throws -> Void
    ) async throws {
        try await run { client in
            let ann = try await client.user("ann")
            var browser = WebClient(client.client)
            try await browser.signIn("ann")
            try await test(&browser, ann)
        }
    }
}
