"""The processes that tests watch: a node and a logging receiver. Standard library only."""
import collections
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
RECEIVER = f"{HERE}/receiver.py"
PREPARE = os.path.join(HERE, "../../script/prepare")
READY_LIMIT = 30


def prepare(purpose, *packages):
    """Installs what is missing of Debian's packages."""
    if subprocess.run([PREPARE, purpose, *packages], stdout=sys.stderr).returncode:
        raise SystemExit(1)


class Receiver:
    def __init__(self, work, host="127.0.0.1"):
        self.log = f"{work}/deliveries" + ("" if host == "127.0.0.1" else f"-{host}")
        self.process = subprocess.Popen(
            ["python3", RECEIVER, "--log", self.log, "--host", host], stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.base = f"http://{host}:{int(self.process.stdout.readline())}"
        self.url = self.base + "/ok"

    def entries(self):
        with open(self.log) as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def next_arrival(self, after, node=None, limit=10):
        """When the first delivery after a moment came; waits for it. None if the node died, or the time passed."""
        end = time.time() + limit
        with open(self.log) as file:
            while time.time() < end:
                line, was_alive = file.readline(), node is None or node.is_alive()
                if line.endswith("\n"):
                    if json.loads(line)["at"] >= after:
                        return json.loads(line)["at"]
                elif not was_alive:
                    return None
                else:
                    time.sleep(0.005)
        return None

    def stop(self):
        self.process.terminate()
        self.process.wait()


class MailServer:
    """The mail servers of smtp_server.py, with an authority of their own."""
    # Debian's Python, for which Debian's aiosmtpd is.
    PYTHON = "/usr/bin/python3"
    USER, PASSWORD = "cron", "p@ss word/:%"

    def __init__(self, work):
        self.authority = f"{work}/authority.pem"
        key, own = f"{work}/authority.key", f"{work}/server"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.openssl("req", "-x509", *curve, "-keyout", key, "-out", self.authority, "-days", "2", "-subj", "/CN=tests")
        self.openssl("req", *curve, "-keyout", f"{own}.key", "-out", f"{own}.csr", "-subj", "/CN=server")
        with open(f"{own}.names", "w") as file:
            file.write("subjectAltName=IP:127.0.0.1")
        self.openssl("x509", "-req", "-in", f"{own}.csr", "-CA", self.authority, "-CAkey", key, "-CAcreateserial",
                     "-days", "2", "-extfile", f"{own}.names", "-out", f"{own}.pem")
        self.process = subprocess.Popen(
            [self.PYTHON, os.path.join(os.path.dirname(RECEIVER), "smtp_server.py"), f"{own}.pem", f"{own}.key"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self.unread = b""
        self.ports = self.next_mail()

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL)

    @property
    def url(self):
        """With STARTTLS and a password."""
        sign_in = f"{self.USER}:{urllib.parse.quote(self.PASSWORD, safe='')}"
        return f"smtp://{sign_in}@127.0.0.1:{self.ports['starttls']}?ca_file={self.authority}"

    def next_mail(self, limit=30):
        """None when none has come in time."""
        end = time.time() + limit
        while b"\n" not in self.unread:
            # Not by a buffer of Python's, which may hold a line while the pipe is empty.
            if not select.select([self.process.stdout], [], [], max(0, end - time.time()))[0]:
                return None
            piece = os.read(self.process.stdout.fileno(), 1 << 20)
            if not piece:
                return None
            self.unread += piece
        line, _, self.unread = self.unread.partition(b"\n")
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Node:
    """One `cronpp serve` on a port of its own choice."""

    def __init__(self, binary, work, name="node", environment=None):
        self.binary, self.work, self.name = binary, work, name
        self.environment = environment or {}
        self.process = self.port = self.id = self.ready_at = None
        self.printed = b""
        self.log_path = f"{work}/{name}.log"

    def start(self, failpoints="", extra=None, wrapper=(), limit=READY_LIMIT):
        """Starts and waits until ready. False when it ended, was frozen or was not ready in time."""
        environment = os.environ | {
            "CRONPP_DATA_DIR": f"{self.work}/{self.name}-data", "CRONPP_HTTP_PORT": "0",
            "CRONPP_REGISTRATION": "open", "CRONPP_ALLOW_NETWORKS": "127.0.0.0/8",
            "CRONPP_FAILPOINTS": failpoints, "CRONPP_FAILPOINT_LOG": f"{self.work}/failpoints",
            "SWIFT_BACKTRACE": "enable=no",
        } | self.environment | (extra or {})
        # A session of its own: Ctrl-C is for the test, which then stops its processes in order.
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(
                [*wrapper, self.binary, "serve"], env=environment, stdout=subprocess.PIPE, stderr=log,
                start_new_session=True)
        return self.wait_until_ready(time.time() + limit)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self, end):
        self.printed = b""
        while time.time() < end and not self.is_stopped():
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                piece = os.read(self.process.stdout.fileno(), 4096)
                self.printed += piece
                found = re.search(rb"ready: http://[0-9.]+:(\d+) .*node=(\S+)", self.printed)
                if found:
                    self.ready_at, self.port, self.id = time.time(), int(found.group(1)), found.group(2).decode()
                    return True
                if not piece:
                    break
        return False

    def read_until(self, mark, limit=10):
        """What it has printed, up to something that it is known to print."""
        end = time.time() + limit
        while mark not in self.printed and time.time() < end:
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                self.printed += os.read(self.process.stdout.fileno(), 4096)
        return self.printed

    def log_tail(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()[-3000:]

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def is_stopped(self):
        """Whether a signal holds it."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] == "T"
        except OSError:
            return False

    def send(self, number):
        if self.is_alive():
            self.process.send_signal(number)

    def wait(self, limit):
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            pass

    def kill(self, number=signal.SIGKILL):
        self.send(number)
        if self.process:
            self.process.wait()

    def stop(self, limit=60):
        """Drains; kills what does not end in time. Answers whether it drained."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        if self.process:
            self.wait(limit)
        drained = not self.is_alive()
        self.kill()
        return drained

    def failpoint_hits(self):
        try:
            with open(f"{self.work}/failpoints") as file:
                return collections.Counter(line.strip() for line in file)
        except FileNotFoundError:
            return collections.Counter()
