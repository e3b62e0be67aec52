package import CronModel
import CronSchedule
import NIOHTTP1

/// Calls a URL: one attempt makes at most one HTTP request, and says whether it may have arrived.
package struct WebhookAction: ActionRunner {
    package let type = "webhook"
    package let secretFields: Set<String> = ["signing_secret", "signing_secrets", "client_key"]
    package let schema = WebhookDefinition.schema

    private let addresses: AddressGuard
    private let identities = TLSIdentities()
    let client: WebhookClient
    private let now: @Sendable () -> Instant
    private let userAgent: String

    /// `now` is the system's clock. Whoever owns the client must end it.
    init(addresses: AddressGuard, userAgent: String, now: @escaping @Sendable () -> Instant, client: WebhookClient) {
        self.addresses = addresses
        self.client = client
        self.now = now
        self.userAgent = userAgent
    }

    package func host(of definition: ActionDefinition) -> String? {
        guard let text = definition.fields["url"]?.stringValue else { return nil }
        return (try? WebhookURL(text))?.origin.host.bare
    }

    package func validate(_ definition: ActionDefinition) -> [FieldProblem] {
        FieldProblems.found { () throws(FieldProblems) in
            _ = try WebhookDefinition(definition, addresses: addresses, identities: identities)
        }
    }

    package func run(_ attempt: AttemptContext) async -> Outcome {
        let definition: WebhookDefinition
        do throws(FieldProblems) {
            definition = try WebhookDefinition(attempt.action, addresses: addresses, identities: identities)
        } catch {
            return .refused(error.all)
        }
        let body: [UInt8]
        let headers: HTTPHeaders
        do {
            body = try definition.body.bytes(for: attempt)
            headers = try WebhookHeaders.rendered(definition.headers, for: attempt)
        } catch is WebhookBody.TooLong {
            return .tooLargeBody
        } catch {
            return .failedTemplate(error)
        }
        guard body.count <= WebhookBody.maxBytes else { return .tooLargeBody }
        guard !Task.isCancelled else { return .cancelled(.nothingSent) }
        let request = WebhookRequest(
            definition, headers: headers, body: body, for: attempt, at: now(), userAgent: userAgent)
        let limits = WebhookLimits(
            connect: definition.connectTimeout, read: definition.readTimeout, total: attempt.timeout)
        let exchange = await client.exchange(request, limits: limits, reached: attempt.reached)
        return Outcome(exchange, of: definition, limits: limits, now: now())
    }
}
