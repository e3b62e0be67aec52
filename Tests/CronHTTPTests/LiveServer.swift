import CronModel
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Testing

@testable import CronHTTP

/// The server of a test bed on a real socket, in a group of services as in the application.
struct LiveServer: Sendable {
    let port: Int
    private let group: ServiceGroup

    /// Returns when the server has shut down gracefully.
    static func run(_ bed: TestBed, _ test: (LiveServer) async throws -> Void) async throws {
        let (ports, told) = AsyncStream.makeStream(of: Int.self)
        let listener = bed.server.application(host: "127.0.0.1", port: 0, logger: TestBed.silence) { told.yield($0) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: listener)], logger: TestBed.silence))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let server = LiveServer(port: try #require(await iterator.next()), group: group)
            do { try await test(server) } catch {
                tasks.cancelAll()
                throw error
            }
            await server.shutDown()
            try await tasks.waitForAll()
        }
    }

    func shutDown() async { await group.triggerGracefulShutdown() }

    /// Opens a stream and waits for the answer's head.
    func watch(
        _ client: TestClient, _ query: String = "", after last: String? = nil, method: HTTPRequest.Method = .get,
        path: String = "/events"
    ) async throws -> EventClient {
        let stream = try await EventClient.connect(port)
        var headers: HTTPHeaders = ["host": "here", "authorization": "Bearer \(client.token ?? "")"]
        if let last { headers.add(name: "last-event-id", value: last) }
        try await stream.ask(
            HTTPRequestHead(
                version: .http1_1, method: HTTPMethod(rawValue: method.rawValue), uri: "/api/v1\(path)\(query)",
                headers: headers))
        return stream
    }
}

/// A client that reads a stream of events as it comes; for one task at a time.
final class EventClient: Sendable {
    struct Event: Equatable {
        var id = ""
        var name = ""
        var data = JSONValue.null
    }

    private enum Part: Sendable {
        case head(HTTPResponseHead)
        case body(String)
    }

    let channel: any Channel
    private let parts: AsyncStream<Part>
    private nonisolated(unsafe) var text = ""
    private nonisolated(unsafe) var blocks: ArraySlice<String> = []
    private(set) nonisolated(unsafe) var status = 0
    private(set) nonisolated(unsafe) var headers: [String: String] = [:]

    private init(channel: any Channel, parts: AsyncStream<Part>) {
        self.channel = channel
        self.parts = parts
    }

    static func connect(_ port: Int) async throws -> EventClient {
        let (parts, continuation) = AsyncStream<Part>.makeStream()
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            // A client that does not read is soon noticed.
            .channelOption(.socketOption(.so_rcvbuf), value: 64 * 1_024)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(Handler(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return EventClient(channel: channel, parts: parts)
    }

    func ask(_ head: HTTPRequestHead) async throws {
        try await channel.pipeline.handler(type: Handler.self).map { $0.send(head) }.get()
        for await part in parts {
            guard case .head(let head) = part else { continue }
            status = Int(head.status.code)
            headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
            return
        }
    }

    /// The next block of lines; nil when the answer has ended.
    func block() async -> String? {
        while true {
            if let block = blocks.popFirst() { return block }
            guard let part = await nextPart() else { return nil }
            guard case .body(let more) = part else { continue }
            var whole = (text + more).split(separator: "\n\n", omittingEmptySubsequences: false).map(String.init)
            text = whole.popLast() ?? ""
            blocks = whole[...]
        }
    }

    /// The next event, comments left out.
    func event() async throws -> Event? {
        while let block = await block() {
            var event = Event()
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let value = String(parts.last?.dropFirst() ?? "")
                switch parts.first {
                case "id": event.id = value
                case "event": event.name = value
                case "data": event.data = try JSONReader.read(Array(value.utf8))
                default: break
                }
            }
            if event != Event() { return event }
        }
        return nil
    }

    /// Reads on until so many lines have come, without looking at them.
    func skip(lines count: Int) async {
        var left = count
        while left > 0, let part = await nextPart() {
            if case .body(let more) = part { left -= more.utf8.count { $0 == UInt8(ascii: "\n") } }
        }
    }

    /// All of the body, once it has ended.
    func rest() async -> String {
        while let part = await nextPart() { if case .body(let more) = part { text += more } }
        return blocks.joined() + text
    }

    func close() async throws { try await channel.close().get() }

    private func nextPart() async -> Part? {
        for await part in parts { return part }
        return nil
    }

    private final class Handler: ChannelInboundHandler, Sendable {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundOut = HTTPClientRequestPart
        private let parts: AsyncStream<Part>.Continuation
        private nonisolated(unsafe) var context: ChannelHandlerContext?

        init(_ parts: AsyncStream<Part>.Continuation) {
            self.parts = parts
        }

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }

        func send(_ head: HTTPRequestHead) {
            context?.write(wrapOutboundOut(.head(head)), promise: nil)
            context?.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): parts.yield(.head(head))
            case .body(let bytes): parts.yield(.body(String(buffer: bytes)))
            case .end: parts.finish()
            }
        }

        func channelInactive(context: ChannelHandlerContext) { parts.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
