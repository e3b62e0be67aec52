/// The named prepared statements of one connection. Equal text and parameter types share one.
struct StatementCache {
    /// More than a store has; code that builds texts without end would otherwise fill the server's memory.
    static let capacity = 512

    struct Key: Hashable {
        let text: String
        let oids: [UInt32]
    }

    private var names: [Key: String] = [:]
    private var order: [Key] = []
    private var count = 0

    func name(of key: Key) -> String? { names[key] }

    /// A name for a new statement.
    mutating func add(_ key: Key) -> String {
        count += 1
        let name = "s\(count)"
        names[key] = name
        order.append(key)
        return name
    }

    /// The statement to give up when there are too many: the oldest.
    mutating func evict() -> String? {
        guard names.count >= Self.capacity else { return nil }
        while let oldest = order.first {
            order.removeFirst()
            if let name = names.removeValue(forKey: oldest) { return name }
        }
        return nil
    }

    /// The server did not come to know it.
    mutating func remove(_ key: Key) {
        names[key] = nil
        order.removeAll { $0 == key }
    }
}
