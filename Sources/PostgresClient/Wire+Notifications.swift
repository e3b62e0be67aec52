import CLibPQ

extension Wire {
    /// The notifications that have been read.
    func notifications() -> [(channel: String, payload: String)] {
        var all: [(String, String)] = []
        while let notification = PQnotifies(connection) {
            defer { PQfreemem(notification) }
            let (channel, payload) = (notification.pointee.relname, notification.pointee.extra)
            all.append((channel.map { String(cString: $0) } ?? "", payload.map { String(cString: $0) } ?? ""))
        }
        return all
    }
}
