import CronModel

/// What a request that puts something in place by its name depends on (RFC 9110 §13.1.1). Of what is asked for by its id
/// nothing is but a version: without it there is nothing to change.
package enum Precondition: Hashable, Sendable {
    case none
    /// Nothing has the name yet.
    case absent
    /// Something has the name, in whatever version.
    case exists
    case version(Int64)

    /// - Parameter current: the version of what has the name; nil when nothing has.
    func check(_ current: Int64?) throws(ControlError) {
        guard self != .none else { return }
        if self == .absent {
            guard current == nil else { throw .store(.conflict("is taken already")) }
            return
        }
        guard let current else { throw .nothingThere }
        if case .version(let version) = self, version != current { throw .store(.versionMismatch(current: current)) }
    }
}
