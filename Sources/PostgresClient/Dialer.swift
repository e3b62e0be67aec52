import CLibPQ
import Glibc

/// Connects to the first of the hosts that will do. Each address has a limit of its own (libpq's blocking connect rounds
/// its limit to seconds, two at least), so that a dead first address does not use up the time of the second.
struct Dialer {
    /// Addresses of one name that are tried.
    private static let addressesPerHost = 4

    let config: PostgresConfig
    let deadline: Deadline
    let health: Health

    func connect() throws(PostgresError) -> OpaquePointer {
        var failures = DialFailures()
        for host in config.hosts {
            for address in addresses(of: host, &failures) {
                guard !health.isAborted else { break }
                if let connection = attempt(host, address: address, &failures) { return connection }
            }
        }
        throw health.isAborted ? .cannotConnect("given up before it was open") : failures.error
    }

    /// Nil stands for a Unix socket.
    private func addresses(of host: PostgresConfig.Host, _ failures: inout DialFailures) -> [String?] {
        guard !host.name.hasPrefix("/") else { return [nil] }
        let addresses = host.addresses ?? Self.addresses(of: host.name)
        if addresses.isEmpty { failures.add("the name \(host.name) cannot be resolved") }
        return Array(addresses.prefix(Self.addressesPerHost))
    }

    private func attempt(
        _ host: PostgresConfig.Host, address: String?, _ failures: inout DialFailures
    ) -> OpaquePointer? {
        guard let connection = Self.start(keys(host, address: address)) else {
            failures.add("out of memory")
            return nil
        }
        // The default writes what the server likes to stderr, from its greeting on.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        // Otherwise libpq keeps the server's code for itself.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        // Blocking, libpq itself would wait without a limit until the server reads what it is sent: here, and while a long
        // pipeline is being sent whose first answers must be read. It takes away what libpq would say of the place.
        PQsetnonblocking(connection, 1)
        let place = "\(address.map { "\(host.name) (\($0))" } ?? host.name), port \(host.port)"
        let state = signIn(connection) { failures.add("\(place): \($0)") }
        if state == PGRES_POLLING_OK {
            PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
            return connection
        }
        if state == PGRES_POLLING_FAILED {
            failures.add(
                place, verbose: String(cString: PQerrorMessage(connection)),
                needsPassword: PQconnectionNeedsPassword(connection) == 1)
        }
        health.hangUp()
        PQfinish(connection)
        return nil
    }

    /// How far it gets within its limits; why it gets no further is told.
    private func signIn(
        _ connection: OpaquePointer, _ giveUp: (String) -> Void
    ) -> PostgresPollingStatusType {
        deadline.start(milliseconds: config.connectTimeout)
        // To one address with one way to encrypt the socket stays the same.
        health.dials(PQsocket(connection))
        let intake = Intake(PQsocket(connection), mostBytes: config.isForeign ? Intake.signInBytes : nil)
        // libpq: begin as if the last answer had been "writing".
        var state = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING {
            if deadline.wait(PQsocket(connection), for: state == PGRES_POLLING_WRITING ? .write : .read) == .expired {
                giveUp("no answer within \(config.connectTimeout) ms")
                return state
            }
            if intake.isOver {
                giveUp("more than \(Intake.signInBytes) bytes came before the end of the sign-in")
                return state
            }
            state = PQconnectPoll(connection)
        }
        return state
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
