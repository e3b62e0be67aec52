#!/usr/bin/env python3
"""A webhook receiver on loopback that logs each request as a JSON line and answers as its path says.

/ok answers 200; /flaky/N answers 503 to the first N requests of each run, then 200; /fail answers 500 until the file
named by --mend exists, then 200. Usage: receiver.py --log FILE [--port N] [--mend FILE]; prints its port.
"""
import argparse
import collections
import http.server
import json
import os
import sys
import threading
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--log", required=True)
arguments.add_argument("--port", type=int, default=0)
arguments.add_argument("--mend")
options = arguments.parse_args()

log = open(options.log, "a", buffering=1)
lock = threading.Lock()
seen = collections.Counter()


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        received = time.time()
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        run = self.headers.get("webhook-id")
        with lock:
            seen[run] += 1
            status = self.status(seen[run])
            log.write(json.dumps({
                "at": received,
                "path": self.path,
                "run": run,
                "job": self.headers.get("cronpp-job-id"),
                "scheduled_for": self.headers.get("cronpp-scheduled-for"),
                "attempt": int(self.headers.get("cronpp-attempt") or 0),
                "fence": int(self.headers.get("cronpp-fence") or 0),
                "status": status,
                "body": body.decode("utf-8", "replace"),
            }) + "\n")
        self.send_response(status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def status(self, count):
        if self.path.startswith("/flaky/"):
            return 503 if count <= int(self.path.split("/")[2]) else 200
        if self.path.startswith("/fail"):
            return 200 if options.mend and os.path.exists(options.mend) else 500
        return 200

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A killed scheduler resets its connections: nothing to report."""


server = Server(("127.0.0.1", options.port), Receiver)
print(server.server_address[1], flush=True)
sys.stdout.flush()
server.serve_forever()
