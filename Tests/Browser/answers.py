"""A receiver of webhooks that answers what a test wants, when it wants. Standard library only."""
import collections
import http.server
import threading
import time

LIMIT = 30


class Answers:
    """`/ok`, `/fails` (500) and `/gone` (410) answer at once with `text`; `/held/NAME` once NAME has been released."""

    def __init__(self, text="ok"):
        self.text = text
        self.lock = threading.Condition()
        self.arrived, self.released = collections.Counter(), set()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(answers):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                kind, _, name = self.path[1:].partition("/")
                if kind == "held":
                    answers.hold(name)
                body = answers.text.encode()
                self.send_response({"fails": 500, "gone": 410}.get(kind, 200))
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                try:
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    # Whoever asked has been stopped.
                    self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler

    def hold(self, name):
        with self.lock:
            self.arrived[name] += 1
            self.lock.notify_all()
            self.lock.wait_for(lambda: name in self.released)

    def wait_for(self, name, count=1):
        """Until so many requests are held."""
        with self.lock:
            assert self.lock.wait_for(lambda: self.arrived[name] >= count, LIMIT), f"no request for {name}"

    def release(self, name):
        """Answers those that are held, and any that come later; the moment of it."""
        with self.lock:
            self.released.add(name)
            self.lock.notify_all()
        return time.monotonic()

    def stop(self):
        with self.lock:
            self.released.update(self.arrived)
            self.lock.notify_all()
        self.server.shutdown()
        self.server.server_close()
