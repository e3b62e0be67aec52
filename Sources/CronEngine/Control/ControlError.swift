package import CronModel
package import CronSchedule

/// Why control refused a request.
package enum ControlError: Error, Hashable, Sendable {
    /// The request itself is wrong; every field that is gets named.
    case invalid([FieldProblem])
    /// Whoever asks may not.
    case forbidden(String)
    /// Neither whose role nor whose API key allows this.
    case lacking(Permission)
    /// The request depends on something that is not there.
    case nothingThere
    /// The store did not do it.
    case store(StoreError)
    /// The request is about so many things; it says that it expected another number.
    case unexpectedCount(Int, expected: Int)
    /// The request is about more things than one may be about.
    case tooMany(Int, limit: Int)
    /// The space has asked for so many runs in this minute already; it may again when the time has passed.
    case quotaUsed(Int, endsIn: Span)

    static func invalid(_ field: String, _ message: String) -> ControlError {
        .invalid([FieldProblem(field: field, message: message)])
    }
}

extension ControlError {
    /// Runs one or more verbs of a store; a problem with a field found only there counts as the request's.
    static func storing<Value>(_ work: () async throws(StoreError) -> Value) async throws(ControlError) -> Value {
        do {
            return try await work()
        } catch {
            throw ControlError(error)
        }
    }

    init(_ error: StoreError) {
        if case .invalid(let problem) = error { self = .invalid([problem]) } else { self = .store(error) }
    }

    /// Whether it may have been done all the same.
    var mayHaveHappened: Bool {
        if case .store(.outcomeUnknown) = self { true } else { false }
    }

    /// Whether what else a request is about would fail like this too.
    var concernsAll: Bool {
        if case .store(let error) = self { error.concernsAll } else { false }
    }
}

extension StoreError {
    fileprivate var concernsAll: Bool {
        switch self {
        case .unavailable, .misconfigured, .outcomeUnknown: true
        default: false
        }
    }
}
