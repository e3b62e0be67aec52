import CronModel
import Foundation
import Glibc

/// Certificates in a file of their own, because libpq reads them from nowhere else. It loses its name at once: of a node that
/// is killed nothing stays behind.
struct RootFile {
    private let descriptor: Int32

    /// For this process only.
    var path: String { "/proc/self/fd/\(descriptor)" }

    init(_ certificates: String) throws(SQLFailure) {
        var name = Array((NSTemporaryDirectory() + "/cronpp-roots-XXXXXX").utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw Self.failure }
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let bytes = Array(certificates.utf8)
        // Less than all is written when there is no room.
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            let failure = Self.failure
            close()
            throw failure
        }
    }

    func close() { Glibc.close(descriptor) }

    private static var failure: SQLFailure {
        SQLFailure(
            cause: .unreachable(isPermanent: false),
            message: "the CA certificate could not be put aside: \(String(cString: strerror(errno)))", reach: .nothingSent)
    }
}
