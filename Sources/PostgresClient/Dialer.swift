import CLibPQ
import Glibc

/// Connects to the first of the hosts that will do. Each address has a limit of its own (libpq's blocking connect rounds
/// its limit to seconds, two at least), so that a dead first address does not use up the time of the second.
struct Dialer {
    /// Addresses of one name that are tried.
    private static let addressesPerHost = 4

    let config: PostgresConfig
    let deadline: Deadline

    func connect() throws(PostgresError) -> OpaquePointer {
        var failures = DialFailures()
        for host in config.hosts {
            guard !host.name.hasPrefix("/") else {
                if let connection = attempt(host, address: nil, &failures) { return connection }
                continue
            }
            let addresses = host.addresses ?? Self.addresses(of: host.name)
            if addresses.isEmpty { failures.add("the name \(host.name) cannot be resolved") }
            for address in addresses.prefix(Self.addressesPerHost) {
                if let connection = attempt(host, address: address, &failures) { return connection }
            }
        }
        throw failures.error
    }

    private func attempt(
        _ host: PostgresConfig.Host, address: String?, _ failures: inout DialFailures
    ) -> OpaquePointer? {
        let keys = keys(host, address: address)
        guard let connection = Self.start(keys) else {
            failures.add("out of memory")
            return nil
        }
        // The default writes what the server likes to stderr, from its greeting on.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        // Otherwise libpq keeps the server's code for itself.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        deadline.start(milliseconds: config.connectTimeout)
        // libpq: begin as if the last answer had been "writing".
        var state = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING {
            if deadline.wait(PQsocket(connection), for: state == PGRES_POLLING_WRITING ? .write : .read) == .expired {
                let place = address.map { "\(host.name) (\($0))" } ?? host.name
                failures.add("\(place), port \(host.port): no answer within \(config.connectTimeout) ms")
                PQfinish(connection)
                return nil
            }
            state = PQconnectPoll(connection)
        }
        guard state == PGRES_POLLING_OK else {
            failures.add(
                verbose: String(cString: PQerrorMessage(connection)),
                needsPassword: PQconnectionNeedsPassword(connection) == 1)
            PQfinish(connection)
            return nil
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        return connection
    }

    private func keys(_ host: PostgresConfig.Host, address: String?) -> [String: String] {
        var keys = config.parameters
        keys["host"] = host.name
        keys["hostaddr"] = address
        keys["port"] = host.port
        keys["application_name"] = config.applicationName
        keys["client_encoding"] = "UTF8"
        keys["gssencmode"] = "disable"  // would cost a round trip before TLS
        keys["keepalives_idle"] = "30"
        keys["keepalives_interval"] = "10"
        keys["keepalives_count"] = "3"
        keys["tcp_user_timeout"] = String(config.tcpUserTimeout)
        if config.pooling == .session {
            // A pooling proxy refuses this parameter; there the settings go by SET LOCAL.
            keys["options"] = config.sessionSettings.map { "-c \($0.name)=\(Self.escaped($0.value))" }
                .joined(separator: " ")
        }
        return keys
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            if character == "\\" || character.isWhitespace { text.append("\\") }
            text.append(character)
        }
    }

    private static func start(_ keys: [String: String]) -> OpaquePointer? {
        let pairs = keys.map { (strdup($0.key), strdup($0.value)) }
        defer {
            for (key, value) in pairs {
                free(key)
                free(value)
            }
        }
        var names = pairs.map { UnsafePointer($0.0) } + [nil]
        var values = pairs.map { UnsafePointer($0.1) } + [nil]
        return PQconnectStartParams(&names, &values, 0)
    }

    /// The numeric addresses of a name, in the resolver's order.
    private static func addresses(of name: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
                == 0
            {
                found.append(text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" })
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}
