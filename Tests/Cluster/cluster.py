"""What a cluster consists of, as real processes on loopback: PostgreSQL, pgbouncer, Redis, the proxy and the nodes."""
import base64
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pgwire
from processes import Node, Receiver

HERE = os.path.dirname(os.path.abspath(__file__))
USER = DATABASE = "cronpp"
MAX_CONNECTIONS = 120
# The time in which a server must be there or gone.
SERVER_LIMIT = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, limit, condition):
    end = time.time() + limit
    while True:
        try:
            if condition():
                return
        except (OSError, pgwire.ServerError):
            pass
        if time.time() > end:
            raise SystemExit(f"{what}: not within {limit} s")
        time.sleep(0.02)


# PostgreSQL and pgbouncer refuse to run as root.
UNPRIVILEGED = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


class PostgreSQL:
    def __init__(self, work):
        # The newest: of some versions only the client may be there.
        self.bin = max(
            map(os.path.dirname, glob.glob("/usr/lib/postgresql/*/bin/initdb")), key=lambda path: int(path.split("/")[4]))
        self.directory, self.port = f"{work}/postgresql", free_port()
        os.mkdir(self.directory)
        if UNPRIVILEGED:
            shutil.chown(self.directory, "postgres", "postgres")
        self.run("initdb", "-D", self.directory, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        with open(f"{self.directory}/postgresql.conf", "a") as file:
            file.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\n"
                f"max_connections = {MAX_CONNECTIONS}\nshared_buffers = 128MB\nwal_level = minimal\n"
                "max_wal_senders = 0\nmax_wal_size = 2GB\nlog_min_messages = warning\n")
        self.start()
        client = self.client("postgres")
        client.query(f"CREATE DATABASE {DATABASE}")
        client.close()

    def run(self, tool, *arguments):
        done = subprocess.run(
            [f"{self.bin}/{tool}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd="/", start_new_session=True, **UNPRIVILEGED)
        if done.returncode != 0:
            raise SystemExit(f"{tool} {' '.join(arguments)}:\n{done.stdout}\n{self.log_tail()}")

    def start(self):
        self.run("pg_ctl", "start", "-w", "-s", "-D", self.directory, "-l", f"{self.directory}/log", "-t", "60")

    def stop(self, mode="immediate"):
        self.run("pg_ctl", "stop", "-w", "-s", "-D", self.directory, "-m", mode, "-t", "60")

    def log_tail(self):
        try:
            with open(f"{self.directory}/log") as file:
                return file.read()[-3000:]
        except OSError:
            return ""

    def client(self, database=DATABASE):
        return pgwire.Client(self.port, USER, database)


class PgBouncer:
    """Transaction pooling in front of PostgreSQL."""

    def __init__(self, work, postgres):
        self.port = free_port()
        path = f"{work}/pgbouncer.ini"
        with open(path, "w") as file:
            file.write(
                f"[databases]\n{DATABASE} = host=127.0.0.1 port={postgres.port} user={USER}\n[pgbouncer]\n"
                f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\nauth_type = any\n"
                "pool_mode = transaction\nmax_client_conn = 500\ndefault_pool_size = 30\nserver_login_retry = 1\n"
                "ignore_startup_parameters = extra_float_digits\n")
        os.chmod(path, 0o644)
        with open(f"{work}/pgbouncer.log", "w") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/pgbouncer", path], stdout=log, stderr=log, start_new_session=True, cwd="/", **UNPRIVILEGED)
        wait_for("pgbouncer", SERVER_LIMIT, lambda: pgwire.Client(self.port, USER, DATABASE).close() is None)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Redis:
    def __init__(self, work):
        self.work, self.port, self.process = work, free_port(), None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", self.work], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for("redis-server", SERVER_LIMIT, lambda: self.ask("PING") == b"+PONG\r\n")

    def ask(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
            text = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
            connection.sendall(f"*{len(words)}\r\n{text}".encode())
            return connection.recv(65536)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Proxy:
    """The proxy process; see proxy.py for its commands."""

    def __init__(self):
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, f"{HERE}/proxy.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)

    def do(self, what, **command):
        with self.lock:
            self.process.stdin.write(json.dumps({"do": what} | command) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the proxy ended at: {what} {command}")
        return json.loads(line)

    def listen(self, name, port, postgres):
        return self.do("listen", name=name, to=["127.0.0.1", port], postgres=postgres)["port"]

    def stop(self):
        self.process.kill()
        self.process.wait()


class Cluster:
    """Everything, started; `stop` ends each process by its id and removes the directory."""

    def __init__(
            self, binary, nodes, lease, heartbeat, pooling=False, redis=False, database=True, keep=False, is_direct=False):
        """`is_direct`: nodes speak to the servers themselves, without the proxy that can break the lines, which costs time."""
        self.work, self.keep = tempfile.mkdtemp(prefix="cronpp-cluster-"), keep
        os.chmod(self.work, 0o755)
        self.lease, self.postgres, self.bouncer, self.redis, self.proxy = lease, None, None, None, None
        self.nodes, self.receiver = [], None
        try:
            self.proxy = None if is_direct else Proxy()
            self.build(binary, nodes, lease, heartbeat, pooling, redis, database)
        except BaseException:
            self.stop()
            raise

    def build(self, binary, nodes, lease, heartbeat, pooling, redis, database):
        self.receiver = Receiver(self.work)
        common = {
            "CRONPP_LEASE": f"{int(lease * 1000)}ms", "CRONPP_HEARTBEAT": f"{int(heartbeat * 1000)}ms",
            "CRONPP_JWT_SECRET": base64.b64encode(os.urandom(32)).decode(),
            "CRONPP_ENCRYPTION_KEY": base64.b64encode(os.urandom(32)).decode(), "CRONPP_LOG_LEVEL": "notice",
        }
        if database:
            self.postgres = PostgreSQL(self.work)
            self.bouncer = PgBouncer(self.work, self.postgres) if pooling else None
        if redis:
            self.redis = Redis(self.work)
            port = self.line("redis", self.redis.port, postgres=False)
            common["CRONPP_REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        if pooling:
            common["CRONPP_DATABASE_POOLING"] = "transaction"
        for number in range(nodes):
            name, environment = f"node-{number}", dict(common)
            if database:
                port = self.line(name, (self.bouncer or self.postgres).port, postgres=True)
                environment["CRONPP_DATABASE_URL"] = f"postgres://{USER}@127.0.0.1:{port}/{DATABASE}"
            self.nodes.append(Node(binary, self.work, name, environment))

    def line(self, name, port, postgres):
        return self.proxy.listen(name, port, postgres) if self.proxy else port

    def start_nodes(self):
        for node in self.nodes:
            if not node.start():
                raise SystemExit(f"{node.name} did not become ready:\n{node.log_tail()}")

    def stop(self):
        for node in self.nodes:
            node.kill(signal.SIGKILL)
        for part in (self.bouncer, self.receiver, self.proxy):
            if part:
                part.stop()
        if self.redis:
            self.redis.kill()
        if self.postgres:
            try:
                self.postgres.stop()
            except SystemExit:
                pass  # It was down already.
        if self.keep:
            print(f"kept: {self.work}")
        else:
            shutil.rmtree(self.work, ignore_errors=True)
