"""Receivers that answer with all that they were sent, in every form that is usual, so that an attempt's outcome would
hold it. Standard library and openssl.

/STATUS answers with that status, all in the body; /STATUS/line has the Authorization header's text in the reason and in
Location too; /STATUS/cut places its end beyond what of a body is kept.
"""
import base64
import http.server
import json
import os
import ssl
import subprocess
import threading
import urllib.parse

KEPT_BYTES = 65_536
# So much of a secret that is cut is kept.
CUT_AFTER = 20


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        client = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        self.server.requests.append((self.path, headers, body, client))
        _, status, *ways = self.path.split("/")
        if "cut" in ways:
            text = headers["authorization"].removeprefix("Bearer ")
            answer = "." * (KEPT_BYTES - CUT_AFTER) + text
        else:
            head = "\n".join(f"{name}: {value}" for name, value in headers.items())
            answer = "\n".join(echoes(f"POST {self.path}\n{head}\n\n{body}"))
        line = headers["authorization"] if "line" in ways else "OK"
        self.send_response(int(status), line)
        if "line" in ways:
            self.send_header("location", "/next?" + line)
        data = answer.encode()
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def echoes(text):
    """The whole of a request as servers write it back. JSON twice: a body that is JSON, as a text in JSON."""
    quoted = json.dumps(text)
    yield from (text, quoted, json.dumps(quoted), json.dumps(text, ensure_ascii=False))
    yield from (urllib.parse.quote(text), urllib.parse.quote_plus(text), text.encode().hex())
    for shift in ("", ".", ".."):
        yield from (encode((shift + text).encode()).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode))


class Echo:
    """On loopback; with TLS where there are certificates, and then with a client's certificate only."""

    def __init__(self, certificates=None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.requests = self.requests = []
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.path("server.pem"), certificates.path("server.key"))
            context.load_verify_locations(certificates.path("root.pem"))
            context.verify_mode = ssl.CERT_REQUIRED
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Certificates:
    """A root of its own, a server's and a client's certificate."""

    def __init__(self, directory):
        self.directory = directory
        self.make("root")
        signed = ["-CA", self.path("root.pem"), "-CAkey", self.path("root.key")]
        self.make("server", *signed, "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE")
        self.make("client", *signed, "-addext", "basicConstraints=CA:FALSE")

    def make(self, name, *more):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
             "2", "-subj", f"/CN={name}", "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.pem"), *more],
            check=True, capture_output=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def text(self, name):
        with open(self.path(name)) as file:
            return file.read()
