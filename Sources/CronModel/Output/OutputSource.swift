/// What an action writes while it makes an attempt. It costs nothing until somebody wants to see it.
package protocol OutputSource: Sendable {
    /// Answers what was written so far, as far as it is kept, and hands over everything that comes after it, in order.
    /// - Parameter hear: waits for nothing.
    func follow(_ hear: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) -> WrittenSoFar
    func unfollow()
}

/// The first and the last of so many bytes; between them something may be missing.
package struct WrittenSoFar: Hashable, Sendable {
    package var first: [UInt8]
    package var last: [UInt8]
    package var count: Int

    package init(first: [UInt8] = [], last: [UInt8] = [], count: Int = 0) {
        self.first = first
        self.last = last
        self.count = count
    }
}
