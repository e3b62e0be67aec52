import CronModel
import CronSchedule
import Hummingbird
import Logging

/// One line for each request. Neither query nor headers: they may hold what nobody should read in a log.
struct AccessLog: RouterMiddleware {
    let clock: any EngineClock

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let begin = clock.now
        let response = try await next(request, context)
        let took = clock.now - begin
        context.logger.log(
            level: request.uri.path.hasPrefix("/api/") ? .info : .debug, "request",
            metadata: [
                "method": .string(request.method.rawValue),
                "path": .string(String(request.uri.path.prefix(256))),
                "status": .stringConvertible(response.status.code),
                "milliseconds": .stringConvertible(took.microseconds / 1_000),
                "address": .string(context.address),
            ])
        return response
    }
}
