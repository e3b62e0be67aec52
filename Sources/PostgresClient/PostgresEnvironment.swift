import Glibc

/// What libpq takes from this process's variables for every connection, whoever has named its server. `PGSERVICE` has no
/// key that would keep it out, and the key in place of `PGOPTIONS` is refused by pooling proxies.
package enum PostgresEnvironment {
    /// A file of further keys, and settings of the session. Nothing here needs them: a URL with such keys is refused too.
    static let names = ["PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGDATESTYLE", "PGTZ", "PGGEQO"]

    /// To be called at the start: other threads may be reading variables later.
    package static func clear() {
        for name in names { unsetenv(name) }
    }
}
