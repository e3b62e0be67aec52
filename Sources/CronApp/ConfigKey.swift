/// Every configuration key. The environment names them with the prefix `CRONPP_`, flags in lower case with dashes, the
/// YAML file in lower case with underscores.
package enum ConfigKey: String, CaseIterable, Sendable {
    case databaseURL = "DATABASE_URL"
    case databasePooling = "DATABASE_POOLING"
    case databasePool = "DATABASE_POOL"
    case redisURL = "REDIS_URL"
    case role = "ROLE"
    case dataDir = "DATA_DIR"
    case httpHost = "HTTP_HOST"
    case httpPort = "HTTP_PORT"
    case registration = "REGISTRATION"
    case allowNetworks = "ALLOW_NETWORKS"
    case sqlFiles = "SQL_FILES"
    case allowCommands = "ALLOW_COMMANDS"
    case trustedProxies = "TRUSTED_PROXIES"
    case concurrency = "CONCURRENCY"
    case lease = "LEASE"
    case heartbeat = "HEARTBEAT"
    case prefetch = "PREFETCH"
    case poll = "POLL"
    case drain = "DRAIN"
    case retention = "RETENTION"
    case mailURL = "MAIL_URL"
    case mailFrom = "MAIL_FROM"
    case publicURL = "PUBLIC_URL"
    case logLevel = "LOG_LEVEL"
    case rateLimit = "RATE_LIMIT"
    case quotaJobs = "QUOTA_JOBS"
    case quotaInFlight = "QUOTA_IN_FLIGHT"
    case quotaRunsPerMinute = "QUOTA_RUNS_PER_MINUTE"
    case quotaHistory = "QUOTA_HISTORY"
    case hostInFlight = "HOST_IN_FLIGHT"
    case hostRate = "HOST_RATE"
    case hostLimits = "HOST_LIMITS"
    case jwtSecret = "JWT_SECRET"
    case jwtSecretsAccepted = "JWT_SECRETS_ACCEPTED"
    case encryptionKey = "ENCRYPTION_KEY"
    case encryptionKeysAccepted = "ENCRYPTION_KEYS_ACCEPTED"

    package var flag: String { rawValue.lowercased().replacing("_", with: "-") }
    package var fileKey: String { rawValue.lowercased() }
    package var variable: String { "CRONPP_" + rawValue }

    /// The default as a person would write it; nil where there is none or where it is made at the first start.
    package var standard: String? {
        switch self {
        case .databaseURL, .redisURL, .mailURL, .mailFrom, .publicURL, .sqlFiles, .jwtSecret, .encryptionKey: nil
        case .databasePooling: "session"
        case .databasePool: "8"
        case .role: "all"
        case .dataDir: "./cronpp-data"
        case .httpHost: "127.0.0.1"
        case .httpPort: "8080"
        case .registration: "first"
        case .allowCommands: "false"
        case .allowNetworks, .trustedProxies, .jwtSecretsAccepted, .encryptionKeysAccepted, .hostRate, .hostLimits: ""
        case .concurrency: "1000"
        case .lease: "15s"
        case .heartbeat: "5s"
        case .prefetch: "5s"
        case .poll: "1s"
        case .drain: "30s"
        case .retention: "30d"
        case .rateLimit, .quotaJobs, .quotaInFlight, .quotaRunsPerMinute, .quotaHistory, .hostInFlight: "0"
        case .logLevel: "info"
        }
    }

    package var isSecret: Bool {
        switch self {
        case .mailURL, .jwtSecret, .jwtSecretsAccepted, .encryptionKey, .encryptionKeysAccepted: true
        default: false
        }
    }

    /// One line for `--help` and the README's table.
    package var meaning: String {
        switch self {
        case .databaseURL:
            "where state lives: sqlite:PATH, or postgres://USER@HOST:PORT/NAME for a cluster; absent = cronpp.sqlite in the data directory"
        case .databasePooling: "session, or transaction behind a proxy that pools by transaction (pgbouncer)"
        case .databasePool: "connections to PostgreSQL, besides one for heartbeats"
        case .redisURL:
            "where nodes share wake-ups, locks, counts of attempts and live events: redis://USER:PASSWORD@HOST:PORT/DATABASE; absent = each node alone"
        case .role: "all, api (no runs are executed here) or worker (no API, but health and metrics)"
        case .dataDir: "directory of the database and of generated secrets, created with mode 0700"
        case .httpHost: "address to listen on"
        case .httpPort: "port to listen on; 0 picks a free one"
        case .registration: "who may register: first (needs the printed setup code), open, closed"
        case .allowNetworks: "CIDR list, separated by commas, that webhooks, SQL and channels may reach although private or loopback"
        case .sqlFiles:
            "directory of the SQLite files that SQL actions may use: every space may read and change every file in it; absent = no SQL action may use a SQLite file"
        case .allowCommands:
            "whether jobs may run programs on the nodes, which can do there whatever a node can: true or false, equal on all nodes"
        case .trustedProxies:
            "CIDR list, separated by commas, of the proxies whose X-Forwarded-For names the client's address"
        case .concurrency: "attempts under way at once on this node"
        case .lease: "how long a node counts as alive without a heartbeat"
        case .heartbeat: "time between heartbeats, at most half the lease"
        case .prefetch: "how far ahead runs are planned and claimed"
        case .poll: "longest idle wait between two looks at the store"
        case .drain: "how long a stopping node lets attempts finish"
        case .retention: "how long ended runs are kept; dead letters stay until somebody decides"
        case .rateLimit:
            "API requests a minute of one account, API key or (before sign-in) address, counted over all nodes where there is Redis; 0 = no limit"
        case .quotaJobs: "jobs that one space may have; 0 = no limit"
        case .quotaInFlight: "attempts of one space under way at once on this node; more wait their turn; 0 = no limit"
        case .quotaRunsPerMinute:
            "starts of one space in a minute on this node, and runs that people and programs may ask for; more of the first wait, more of the second are refused with 429; 0 = no limit"
        case .quotaHistory: "ended runs that are kept of one space; the oldest go first, dead letters stay; 0 = no limit"
        case .hostInFlight:
            "webhooks under way at once to any one host, from all nodes together where there is Redis; more wait their turn; 0 = no limit"
        case .hostRate: "webhooks that start to any one host in any stretch of time, such as 50/1s, counted likewise; absent = no limit"
        case .hostLimits:
            "limits of single hosts in place of those two, such as api.example.com=5,10/1s; *.example.org=2; hooks.example.com=none"
        case .mailURL:
            "the server that sends mail: smtp://USER:PASSWORD@HOST:PORT (587; STARTTLS, unless ?tls=off) or smtps://… (465); ca_file=PATH names an authority of its own; absent = no mail is sent"
        case .mailFrom: "whom mail is from: ops@example.com, or Cron++ <ops@example.com>; needed with MAIL_URL"
        case .publicURL:
            "where people reach this server, https://cron.example.com: links in mails begin with it, and with https browsers send cookies by TLS only; needed with MAIL_URL"
        case .logLevel: "trace, debug, info, notice, warning, error or critical"
        case .jwtSecret:
            "base64 of 32 bytes that sign access tokens; absent = generated into the data directory, mode 0600; with PostgreSQL it must be given, equal on all nodes"
        case .jwtSecretsAccepted:
            "further secrets, separated by commas, whose tokens are good: the next one while it is handed out to all nodes, then the one before until its tokens have expired (15 minutes)"
        case .encryptionKey:
            "base64 of 32 bytes that seal stored secrets; absent = generated into the data directory, mode 0600; with PostgreSQL it must be given, equal on all nodes. Without it stored secrets are lost: keep a copy apart from the database"
        case .encryptionKeysAccepted:
            "further keys, separated by commas, that open what they have sealed: the next one while it is handed out to all nodes, then the one before until cronpp rotate-keys has run"
        }
    }
}
