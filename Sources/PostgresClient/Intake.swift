import Glibc

/// A limit on what libpq reads from a server that somebody else has named. It keeps a message until it has all of it, rows
/// until all are there, and what a server says unasked (parameters, notifications) for as long as the connection lasts.
struct Intake {
    /// Until it lets us in: some 5 KiB, most of them certificates.
    static let signInBytes = 1_024 * 1_024
    /// Of a session, besides rows that are done: so much may one row have.
    static let sessionBytes = 16 * 1_024 * 1_024
    /// TLS adds up to 29 bytes to each 4 or 8 KiB that a server sends at once.
    private static let shareOfTLS = 128

    /// Nil for a server that may send as much as it likes.
    let mostBytes: Int?
    private let socket: Int32
    /// Of rows that are done, as they were sent.
    private var rowBytes = 0

    init(_ socket: Int32, mostBytes: Int?) {
        self.socket = socket
        self.mostBytes = mostBytes
    }

    mutating func finishRow(bytes: Int) { rowBytes += bytes }

    var isOver: Bool {
        guard let mostBytes else { return false }
        return Self.bytesRead(from: socket) - rowBytes > mostBytes + min(rowBytes / Self.shareOfTLS, mostBytes)
    }

    /// What has come on a TCP socket without what waits in it; 0 for another. `tcpi_bytes_received` is beyond the end of
    /// `struct tcp_info` as the C library's own header has it.
    private static func bytesRead(from socket: Int32) -> Int {
        let offset = 128
        let received = withUnsafeTemporaryAllocation(byteCount: offset + 8, alignment: 8) { info in
            info.initializeMemory(as: UInt8.self, repeating: 0)
            var length = socklen_t(info.count)
            guard getsockopt(socket, Int32(IPPROTO_TCP), TCP_INFO, info.baseAddress, &length) == 0,
                length >= info.count
            else { return 0 }
            return Int(clamping: info.load(fromByteOffset: offset, as: UInt64.self))
        }
        var waiting: Int32 = 0
        _ = ioctl(socket, UInt(FIONREAD), &waiting)
        return max(0, received - Int(waiting))
    }
}
