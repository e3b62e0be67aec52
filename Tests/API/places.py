"""Where a node may keep its state: each gives the environment that says so."""
import base64
import contextlib
import os

import cluster

ROLE = "plain"


@contextlib.contextmanager
def sqlite(work):
    yield {}


@contextlib.contextmanager
def postgresql(work):
    # The server runs as another user, who must reach its directory.
    os.chmod(work, 0o755)
    server = cluster.PostgreSQL(work)
    try:
        # Row-level security does not hold a superuser.
        client = server.client("postgres")
        client.query(f"CREATE ROLE {ROLE} LOGIN")
        client.query(f"ALTER DATABASE {cluster.DATABASE} OWNER TO {ROLE}")
        client.close()
        yield {
            "CRONPP_DATABASE_URL": f"postgres://{ROLE}@127.0.0.1:{server.port}/{cluster.DATABASE}",
            "CRONPP_JWT_SECRET": secret(), "CRONPP_ENCRYPTION_KEY": secret()}
    finally:
        server.stop("fast")


def secret():
    return base64.b64encode(os.urandom(32)).decode()


PLACES = {"SQLite": sqlite, "PostgreSQL": postgresql}
